"""One Python file read so that any part of it can be replaced and the rest written back byte for byte."""

from __future__ import annotations

import ast
import codecs
import re
import sys
import tokenize
import warnings
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NoReturn, Protocol

from helpers.errors import SourceError

_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
_NEWLINE = re.compile(r"\r\n|\r|\n")  # what Python's tokenizer ends a line with; str.splitlines knows eight more
_BYTE_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class Located(Protocol):
    """A syntax node that ast gives a place to."""

    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


@dataclass(frozen=True)
class Text:
    """A file as text. Offsets count characters of `text`: BOM stripped, newlines as they stand in the file."""

    path: str
    data: bytes
    text: str
    encoding: str
    bom: bytes

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """The offset at which each line starts; the last one may be empty."""
        return (0, *(match.end() for match in _NEWLINE.finditer(self.text)))

    @cached_property
    def newline(self) -> str:
        """The newline most lines of the file end with; a line feed where there is none."""
        counts = Counter(_NEWLINE.findall(self.text))
        return max(("\n", "\r\n", "\r"), key=lambda newline: counts[newline])

    def position(self, offset: int) -> tuple[int, int]:
        """The (line, column) of a character offset, both from 1, columns in characters."""
        line = bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1

    def replaced(self, data: bytes) -> Text:
        """The file with other bytes of the same encoding. UnicodeDecodeError for bytes of another one."""
        return Text(self.path, data, data[len(self.bom) :].decode(self.encoding), self.encoding, self.bom)

    def encode(self, text: str) -> bytes:
        """`text` as bytes with the file's BOM and encoding. SourceError when a character does not exist in it."""
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            line = len(_NEWLINE.findall(text[: error.start])) + 1
            fact = f"{text[error.start]!a} does not exist in the file's encoding {self.encoding}"
            raise SourceError(f"{self.path}:{line}:1", fact, "save the file as UTF-8 first") from None


@dataclass(frozen=True)
class Source(Text):
    """A parsed Python file."""

    tree: ast.Module = field(compare=False, repr=False)

    @cached_property
    def _ascii(self) -> bool:
        return self.text.isascii()

    def offset(self, line: int, col_utf8: int) -> int:
        """The character offset of ast's `line` (from 1) and UTF-8 byte column (from 0). ValueError outside the file."""
        if not 1 <= line <= len(self.lines):
            raise ValueError(f"{self.path} has no line {line}")
        start = self.lines[line - 1]
        if self._ascii:
            return start + col_utf8
        end = self.lines[line] if line < len(self.lines) else len(self.text)
        return start + len(self.text[start:end].encode()[:col_utf8].decode())

    def segment(self, node: Located) -> tuple[int, int]:
        """The half-open offsets of a node; decorators and enclosing parentheses are outside, as in ast."""
        if node.end_lineno is None or node.end_col_offset is None:
            raise ValueError(f"{self.path} has no end for the node on line {node.lineno}")
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def exact(self, node: ast.expr) -> bool:
        """Whether a node that is read parses from its segment again: before 3.12 ast misplaces parts of f-strings."""
        try:
            start, end = self.segment(node)
            again = _parse_text(f"({self.text[start:end]}\n)").body
        except (ValueError, SyntaxError):
            return False
        return len(again) == 1 and isinstance(again[0], ast.Expr) and ast.dump(again[0].value) == ast.dump(node)


def read_source(root: Path, path: str) -> Source:
    """Read `path`, relative to `root`. SourceError when it is outside, unreadable, undecodable or unparsable."""
    return parse_source(path, read_bytes(root, path))


def read_bytes(root: Path, path: str) -> bytes:
    """The bytes of `path`, relative to `root`. SourceError when it is outside, unreadable or no regular file."""
    try:
        target = (root / path).resolve(strict=True)
        if not target.is_relative_to(root.resolve()):
            raise SourceError(path, "leads out of the tree", "open the folder that the file is in instead")
        if not target.is_file():
            raise SourceError(path, "is not a regular file", "leave it out, or put a file in its place")
        return target.read_bytes()
    except (OSError, RuntimeError) as error:  # RuntimeError: pathlib's answer to a loop of links before 3.13
        fact = getattr(error, "strerror", None) or str(error)
        raise SourceError(path, f"cannot be read ({fact})", "mend the file or its permissions") from error


def parse_source(path: str, data: bytes) -> Source:
    """The source that `data` is, under the name `path`. SourceError when it does not decode or does not parse."""
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    encoding = _encoding(path, data)
    text = _decode(path, data[len(bom) :], encoding)
    return Source(path, data, text, encoding, bom, _parse(path, text))


def parse_text(text: str, path: str = "<text>") -> Source:
    """A source for text that is in no file yet. SourceError when it does not parse."""
    return Source(path, text.encode(errors="surrogatepass"), text, "utf-8", b"", _parse(path, text))


def _encoding(path: str, data: bytes) -> str:
    """What the BOM or the PEP 263 cookie says, as the compiler reads it: a lone CR ends a line, any byte may follow."""
    heads = (match.group() for match in _BYTE_LINE.finditer(data))
    bom = data.startswith(codecs.BOM_UTF8)
    lines = iter([re.sub(rb"[\x80-\xff]", b"?", line) for line in islice(heads, 2)])
    if bom:
        first = next(lines)[len(codecs.BOM_UTF8) :]
        lines = iter([codecs.BOM_UTF8 + first, *lines])
    try:
        found, _ = tokenize.detect_encoding(lambda: next(lines))
    except SyntaxError as error:
        raise SourceError(f"{path}:1:1", f"has no usable encoding ({error.msg})", "mend its coding comment") from None
    return "utf-8" if found == "utf-8-sig" else found


def _decode(path: str, body: bytes, encoding: str) -> str:
    try:
        text = body.decode(encoding)
        faithful = text.encode(encoding) == body
    except UnicodeDecodeError as error:
        line = len(_BYTE_LINE.findall(body[: error.start] + b"?"))
        fact = f"byte 0x{body[error.start]:02x} is not {encoding}"
        raise SourceError(f"{path}:{line}:1", fact, "save the file as UTF-8 or name its encoding on line 1") from None
    except (LookupError, UnicodeError):
        faithful = False
    if not faithful:
        raise SourceError(f"{path}:1:1", f"cannot be written back as {encoding}", "save the file as UTF-8")
    return text


def _parse(path: str, text: str) -> ast.Module:
    if "\0" in text:
        _refuse(path, len(_NEWLINE.findall(text.partition("\0")[0])) + 1, 1, "it contains a null byte")
    try:
        return _parse_text(text)
    except SyntaxError as error:
        _refuse(path, error.lineno or 1, error.offset or 1, error.msg)
    except ValueError as error:
        _refuse(path, 1, 1, str(error))
    except (RecursionError, MemoryError):
        _refuse(path, 1, 1, "it is nested too deeply")


def _parse_text(text: str) -> ast.Module:
    with warnings.catch_warnings():  # an invalid escape in the application is not for us to warn about
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _refuse(path: str, line: int, column: int, reason: str) -> NoReturn:
    remedy = "mend it, or run the workbook under the Python that the application uses"
    raise SourceError(f"{path}:{line}:{max(column, 1)}", f"does not parse under {_PYTHON} ({reason})", remedy)
