"""A conditional random field over the characters of an address. Pure."""

import numpy as np
import pycrfsuite

from geo.address.features import Columns
from geo.address.tags import AT, TAGS, Votes


class Field:
    """One trained field. The library reads the model where it lies, so that its bytes must live as long as it does."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(content)

    def votes(self, columns: Columns) -> Votes:
        """How likely each tag is of each character, by the features of all of them."""
        self._tagger.set(columns)
        votes = np.zeros((len(columns), len(TAGS)))
        for tag in self._tagger.labels():
            votes[:, AT[tag]] = [self._tagger.marginal(tag, i) for i in range(len(columns))]
        return votes
