"""The same one? Chicago's marked duplicates in order of time, and the hot topics student teams agreed on."""

from bench.evaluate import chicago_duplicates, hot_topics

NAME = "duplicates"


def run() -> str:
    """Both measurements, as Markdown."""
    return f"{chicago_duplicates.run()}\n\n{hot_topics.run()}"
