"""Opens text tables whatever their compression and encoding, line by line and with a bound on a line's length."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from alrl.errors import InvalidDataError

COMPRESSIONS = (".gz", ".bz2", ".xz")
"""Suffixes of compressed files."""
LONGEST_LINE = 1 << 26
"""Characters of a line beyond which a file is no table."""
_SAMPLE = 1 << 16
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of what Excel writes, .xlsx and .xls."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """A text file, its compression known by its suffix, its encoding by a look at it."""

    path: Path
    encoding: str = "utf-8"

    @contextmanager
    def lines(self) -> Iterator[Iterator[str]]:
        """Yield the lines, with their ends, of the file from its beginning.

        Raises InvalidDataError, when lines are taken, for a damaged compressed file, for text that is not in the
        encoding, and for a line of more than 64 million characters.
        """
        with _opened(self.path) as raw, io.TextIOWrapper(raw, self.encoding, newline="") as stream:
            yield self._lines(stream)

    def _lines(self, stream: IO[str]) -> Iterator[str]:
        try:
            while line := stream.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE:
                    raise InvalidDataError(
                        f"{self.path.name} has a line of more than {LONGEST_LINE} characters: no table; give one line a"
                        " record"
                    )
                yield line
        except UnicodeDecodeError:
            raise
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise InvalidDataError(f"{self.path.name} is damaged ({error}); compress or copy it again") from None


def open_text(path: Path) -> TextFile:
    """Return the file with its encoding: by its byte order mark, UTF-8, or else Windows-1252 (Latin-1).

    UTF-8 is believed until a line disproves it: who reads catches UnicodeDecodeError and goes on with :func:`fallback`.

    Raises InvalidDataError for what is no text.
    """
    try:
        with _opened(path) as raw:
            head = raw.read(_SAMPLE) or b""
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise InvalidDataError(f"{path.name} cannot be opened ({error}); give a text file, or one in gzip") from None
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return TextFile(path=path, encoding=encoding)
    if head.startswith(_WORKBOOKS):
        raise InvalidDataError(
            f"{path.name} is a workbook or another archive, whatever its name says; save the sheet as CSV text"
        )
    if b"\0" in head:
        zeros = [head[start::2].count(0) for start in (0, 1)]
        if max(zeros) > 0.4 * len(head) / 2 and min(zeros) < 0.1 * max(zeros):
            return TextFile(path=path, encoding="utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
        raise InvalidDataError(
            f"{path.name} holds bytes that are no text; save the table as CSV text, .npz, .parquet or .arrow"
        )
    return TextFile(path=path)


def fallback(file: TextFile) -> TextFile:
    """Return the file to be read as Windows-1252, or Latin-1 where that has no such character, instead of UTF-8."""
    if file.encoding == "utf-8":
        return TextFile(path=file.path, encoding="cp1252")
    if file.encoding == "cp1252":
        return TextFile(path=file.path, encoding="latin-1")
    raise InvalidDataError(f"{file.path.name} is not in {file.encoding}, as its first bytes say; save it in UTF-8")


def stem(path: Path) -> str:
    """Return the name of a file without its suffix and that of its compression.

    >>> stem(Path("shop/orders.csv.gz"))
    'orders'
    """
    return Path(path.stem).stem if path.suffix.lower() in COMPRESSIONS else path.stem


def suffix(path: Path) -> str:
    """Return the suffix that tells what a file holds, in lower case: that before a compression's.

    >>> suffix(Path("own.CSV.gz"))
    '.csv'
    """
    kind = path.suffix.lower()
    return Path(path.stem).suffix.lower() if kind in COMPRESSIONS else kind


def _opened(path: Path) -> IO[bytes]:
    kind = path.suffix.lower()
    if kind == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if kind == ".bz2":
        return bz2.open(path, "rb")
    return lzma.open(path, "rb") if kind == ".xz" else path.open("rb")
