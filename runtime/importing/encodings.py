"""What a text file is written in: UTF-8 or GB18030 as declared; undeclared, strict UTF-8 or a question, never a guess.

Half of all short Chinese texts in UTF-8 can be read as GB18030 without complaint, and become nonsense.
"""

import codecs
from collections.abc import Callable
from typing import BinaryIO, Literal

from domain.errors import Invalid

Encoding = Literal["utf-8", "gb18030"]

CODECS: dict[Encoding, str] = {"utf-8": "utf-8-sig", "gb18030": "gb18030"}
PEEK = 1 << 16
_CHUNK = 1 << 20
_PREVIEW = 120
# two short Chinese words in GB18030 may be UTF-8 by chance; ten characters are not
_CERTAIN = 10


def encoding_of(declared: Encoding | None, reopen: Callable[[], BinaryIO]) -> Encoding:
    """The encoding of a text. ``reopen`` gives it from the beginning.

    Raises ``Invalid``: ``encoding-doubtful`` (declared GB18030, but it is UTF-8), ``encoding-unconfirmed`` (undeclared
    and no UTF-8, but GB18030 fits: the detail shows the header as it would read), ``encoding-invalid`` (neither fits).
    """
    if declared == "gb18030":
        _doubt(reopen())
    if declared is not None:
        return declared
    if _fits("utf-8", reopen()):
        return "utf-8"
    if _fits("gb18030", reopen()):
        header = reopen().readline(PEEK).decode("gb18030", "replace").strip()[:_PREVIEW]
        detail = f"it is no UTF-8; if these are the column names, declare gb18030: {header}"
        raise Invalid("encoding-unconfirmed", "文件编码待确认", detail)
    raise Invalid("encoding-invalid", "文件编码无法识别", "it is neither UTF-8 nor GB18030: save it as UTF-8")


def foreign(text: str) -> bool:
    """Whether a text holds bytes that were not in its encoding (they arrive as lone surrogates)."""
    return not text.isascii() and any("\udc80" <= char <= "\udcff" for char in text)


def _doubt(data: BinaryIO) -> None:
    head = data.read(PEEK)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return
    if text.startswith("\ufeff") or sum(not char.isascii() for char in text) >= _CERTAIN:
        raise Invalid("encoding-doubtful", "文件编码与声明不符", "the file is UTF-8: declare that, or nothing")


def _fits(encoding: Encoding, data: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := data.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
