"""What to do about the codes of learning from old cases; part of ``runtime.remedies``."""

from collections.abc import Mapping

LEARNING: Mapping[str, str] = {
    "areas-too-deep": "name at most four columns of areas, coarse to fine",
    "history-too-short": "give more old cases: a recommender wants twenty of two units, a draft at least one",
    "recommender-invalid": "train the recommender anew, or put back the file that was there before",
}
"""Codes of old cases and of the recommender's file."""
