# SPDX-License-Identifier: GPL-2.0-or-later
"""What reaches the user: results on stdout, progress on stderr, files written aside and then renamed."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import InputError
from policytool.model.printable import printable


@dataclass
class Settings:
    """The flags that hold for every verb; set once by the entry point."""

    debug: bool = False
    quiet: bool = False


settings = Settings()


def emit(text: str) -> None:
    """Write TEXT, which ends in a newline, to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def emit_json(document: object) -> None:
    """Write DOCUMENT to stdout as JSON; everything outside ASCII is escaped."""
    emit(json.dumps(document, indent=2) + "\n")


def note(message: str) -> None:
    """Write a line to stderr, unless --quiet."""
    if not settings.quiet:
        print(printable(message), file=sys.stderr)


@contextmanager
def progress(message: str) -> Iterator[None]:
    """Show MESSAGE on stderr while the block runs, if stderr is a terminal and --quiet is not given."""
    if settings.quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(printable(message), spinner="line"):
        yield


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], right: frozenset[int] = frozenset()) -> str:
    """Return an aligned table as plain text; the columns whose index is in RIGHT are numbers.

    Nothing is cut or folded: a pipe gets all of it, and a narrow terminal wraps the lines itself.
    """
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(line[index]) for line in (list(columns), *cells)) for index in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        padded = (
            text.rjust(width) if index in right else text.ljust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join(line(row) for row in (list(columns), *cells)) + "\n"


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write FILES (name → text) into FOLDER, each aside first and then renamed, so that none is ever half.

    Raise InputError when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_file(folder / name, text)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot write: {error.strerror}") from error


def write_file(path: Path, text: str) -> None:
    """Write TEXT to PATH in one step."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
