"""What a CSV reader forgives in silence, found first.

Readers fill short rows with nulls, rename repeated headers, take UTF-16 for gibberish and a
``;`` file for one wide column. One pass over the bytes finds these, names the line, counts the
records, and hashes the file on the way.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.errors import DataError

SEPARATORS = ",;\t|"
_BLOCK = 1 << 22
_HEAD = 1 << 16
_NEWLINE, _QUOTE, _RETURN = 10, 34, 13
_FOREIGN = {
    b"PAR1": "is a Parquet file; give it the ending .parquet",
    b"PK\x03\x04": "is a zip archive or a spreadsheet; export it as UTF-8 CSV",
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8 (iconv -f UTF-16 -t UTF-8)",
}


@dataclass(frozen=True)
class Outline:
    """The shape of a CSV file that has nothing wrong with it.

    Attributes
    ----------
    header : list of str
        Column names, stripped of blanks; one may be empty (a written index).
    separator : str
    lines : (n_records,) int64
        Line of the file on which each record after the header starts, from 1.
    blank : (n_records,) bool
        The record is an empty line.
    sha256 : str
    """

    header: list[str]
    separator: str
    lines: NDArray[np.int64]
    blank: NDArray[np.bool_]
    sha256: str


def outlined(path: Path) -> Outline:
    """Read a CSV file's shape.

    Raises
    ------
    DataError
        Empty, not UTF-8, NUL bytes, repeated headers, a row that is longer or shorter than the
        header, a quotation mark that is never closed. The message names file and line.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"{path.name} {what}")
    head = head.removeprefix(codecs.BOM_UTF8)
    if not head.strip():
        raise DataError(f"{path.name} is empty; a header line and at least one row are needed")
    header, separator = _header(path.name, head)
    scan = _Scan(path.name, separator, len(header))
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            scan.take(block)
    return scan.outline(header)


def _header(name: str, head: bytes) -> tuple[list[str], str]:
    end, inside = -1, False
    for place, byte in enumerate(head):
        if byte == _QUOTE:
            inside = not inside
        elif byte == _NEWLINE and not inside:
            end = place
            break
    if end < 0 and len(head) >= _HEAD - len(codecs.BOM_UTF8):
        raise DataError(f"{name}: the first line has no end in {_HEAD:,} bytes; is it a CSV file?")
    line = head if end < 0 else head[:end]
    if b"\x00" in line:
        raise DataError(f"{name}, line 1: a NUL byte; is it UTF-16 or not text? Save it as UTF-8")
    if b"\r" in line.strip(b"\r"):
        raise DataError(
            f"{name}: its lines end in a lone carriage return; save it with line feeds (\\n)"
        )
    try:
        text = line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        raise _not_utf8(name, 1, line[error.start]) from None
    if not text.strip():
        raise DataError(f"{name} begins with an empty line; the header must come first")
    unquoted = "".join(text.split('"')[::2])
    separator = max(SEPARATORS, key=unquoted.count)
    names = [field.strip() for field in next(csv.reader([text], delimiter=separator, strict=True))]
    repeated = sorted({field for field in names if names.count(field) > 1})
    if repeated:
        raise DataError(
            f"{name}: the header names {repeated[0] or 'an empty column'!r} more than once; "
            "every column needs a name of its own"
        )
    return names, separator


def _not_utf8(name: str, line: int, byte: int) -> DataError:
    return DataError(
        f"{name}, line {line:,}: byte 0x{byte:02x} is not UTF-8; save the file as UTF-8 "
        "(for Western European text: iconv -f ISO-8859-1 -t UTF-8)"
    )


class _Scan:
    """Counts records and fields block by block; a quoted field may span blocks."""

    def __init__(self, name: str, separator: str, width: int) -> None:
        self.name, self.separator, self.width = name, ord(separator), width
        self.digest = hashlib.sha256()
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.line = 1  # of the next byte
        self.started = 1  # line on which the open record starts
        self.fields = self.size = 0  # separators and bytes of the open record
        self.inside = False
        self.last = 0  # byte before the next block
        self.lines: list[NDArray[np.int64]] = []
        self.blank: list[NDArray[np.bool_]] = []

    def take(self, block: bytes) -> None:
        self.digest.update(block)
        data = np.frombuffer(block, dtype=np.uint8)
        breaks = np.flatnonzero(data == _NEWLINE)
        self._text(block, breaks)
        ends, separators = breaks, np.flatnonzero(data == self.separator)
        quotes = np.flatnonzero(data == _QUOTE)
        if len(quotes) or self.inside:
            ends = ends[self._outside(quotes, ends)]
            separators = separators[self._outside(quotes, separators)]
            self.inside ^= bool(len(quotes) % 2)
        self._records(data, breaks, ends, separators)
        self.line += len(breaks)
        self.last = block[-1]

    def _outside(self, quotes: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (np.searchsorted(quotes, places) + self.inside) % 2 == 0

    def _text(self, block: bytes, breaks: NDArray[np.int64]) -> None:
        nul = block.find(b"\x00")
        if nul >= 0:
            line = self.line + int(np.searchsorted(breaks, nul))
            raise DataError(
                f"{self.name}, line {line:,}: a NUL byte; the file is damaged or not text. "
                "Write it again as UTF-8 CSV"
            )
        try:
            self.decoder.decode(block)
        except UnicodeDecodeError as error:
            held = len(error.object) - len(block)  # bytes kept from the block before
            place = max(error.start - held, 0)
            line = self.line + int(np.searchsorted(breaks, place))
            raise _not_utf8(self.name, line, error.object[error.start]) from None

    def _records(
        self,
        data: NDArray[np.uint8],
        breaks: NDArray[np.int64],
        ends: NDArray[np.int64],
        separators: NDArray[np.int64],
    ) -> None:
        if not len(ends):
            self.fields += len(separators)
            self.size += len(data)
            return
        upto = np.searchsorted(separators, ends)
        fields = np.diff(upto, prepend=0)
        fields[0] += self.fields
        size = np.diff(ends, prepend=-1) - 1
        size[0] += self.size
        before = data[np.maximum(ends - 1, 0)]
        if ends[0] == 0:
            before[0] = self.last
        bare_return = (size == 1) & (before == _RETURN)
        lines = self.line + np.searchsorted(breaks, ends) + 1  # of the record after each end
        lines = np.concatenate([[self.started], lines])
        self._close(lines[:-1], fields, (size == 0) | bare_return)
        self.started = int(lines[-1])
        self.fields = len(separators) - int(upto[-1])
        self.size = len(data) - 1 - int(ends[-1])

    def _close(
        self, lines: NDArray[np.int64], fields: NDArray[np.int64], blank: NDArray[np.bool_]
    ) -> None:
        ragged = np.flatnonzero((fields != self.width - 1) & ~blank)
        if len(ragged):
            line, found = int(lines[ragged[0]]), int(fields[ragged[0]]) + 1
            raise DataError(
                f"{self.name}, line {line:,}: {found} fields where the header has {self.width}; "
                "mend the line, or put quotation marks around a field that holds "
                f"{chr(self.separator)!r}"
            )
        self.lines.append(lines.astype(np.int64))
        self.blank.append(blank)

    def outline(self, header: list[str]) -> Outline:
        if self.inside:
            raise DataError(
                f"{self.name}, line {self.started:,}: a quotation mark is opened and never closed"
            )
        try:
            self.decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise _not_utf8(self.name, self.line, error.object[error.start]) from None
        if self.size:
            self._close(np.array([self.started]), np.array([self.fields]), np.array([False]))
        lines, blank = np.concatenate(self.lines), np.concatenate(self.blank)
        return Outline(header, chr(self.separator), lines[1:], blank[1:], self.digest.hexdigest())
