# SPDX-License-Identifier: GPL-2.0-or-later
"""What reaches the user: results on stdout, progress on stderr, files written aside and then renamed."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import InputError
from policytool.model.printable import printable
from policytool.traces.bundle.url import without_secrets


@dataclass
class Settings:
    """The flags that hold for every verb; set once by the entry point."""

    debug: bool = False
    quiet: bool = False


settings = Settings()


# Final escaping, in case a caller forgot: each text of a log is escaped where it enters a result.
_UNFIT = re.compile(r"[^\n\t\x20-\x7e]")


def emit(text: str) -> None:
    """Write TEXT, which ends in a newline, to stdout; whatever is not printable ASCII is escaped."""
    sys.stdout.write(_UNFIT.sub(lambda match: printable(match[0]), text))
    sys.stdout.flush()


def emit_json(document: object) -> None:
    """Write DOCUMENT to stdout as JSON; everything outside ASCII is escaped."""
    emit(json.dumps(document, indent=2) + "\n")


def note(message: str) -> None:
    """Write a line to stderr, unless --quiet."""
    if not settings.quiet:
        print(printable(without_secrets(message)), file=sys.stderr)


# An example of a note names what a log has named, at whatever length; the command that lists all shows it whole.
_LONGEST = 160


def short(text: str) -> str:
    """Return TEXT, cut to what fits into a note."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


@contextmanager
def progress(message: str) -> Iterator[Callable[[str], None]]:
    """Show MESSAGE on stderr while the block runs, if stderr is a terminal and --quiet is not given.

    What is given shows another message in its place.
    """
    if settings.quiet or not sys.stderr.isatty():
        yield lambda message: None
        return
    from rich.console import Console

    with Console(stderr=True).status(printable(message), spinner="line") as status:
        yield lambda message: status.update(printable(message))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: frozenset[int] = frozenset(),
    width: int | None = None,
) -> str:
    """Return an aligned table as plain text; the columns whose index is in RIGHT are numbers.

    Nothing is cut, and a pipe gets one line a row. Where a line would be wider than WIDTH (that of the terminal, if
    there is one), the columns that do not fit stand below, indented.
    """
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(line[index]) for line in (list(columns), *cells)) for index in range(len(columns))]
    parts = _fitting(widths, terminal_width() if width is None else width)

    def line(row: Sequence[str]) -> str:
        lines = []
        for indent, part in zip(("", *(_INDENT,) * len(parts)), parts, strict=False):
            padded = [
                row[index].rjust(widths[index]) if index in right else row[index].ljust(widths[index])
                for index in part
            ]
            lines.append((indent + "  ".join(padded)).rstrip())
        return "\n".join(lines)

    return "\n".join(line(row) for row in (list(columns), *cells)) + "\n"


_INDENT = " " * 4


def _fitting(widths: Sequence[int], width: int | None) -> list[list[int]]:
    """Share columns of WIDTHS out among as few lines as fit into WIDTH, each but the first one indented."""
    parts: list[list[int]] = [[]]
    used = 0
    for index, own in enumerate(widths):
        if width is not None and parts[-1] and used + 2 + own > width:
            parts.append([])
            used = len(_INDENT) - 2
        parts[-1].append(index)
        used += 2 + own if used else own
    return parts


def terminal_width() -> int | None:
    """Return how many columns stdout has, None if it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def emit_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], *, header: bool = True) -> None:
    """Write ROWS to stdout as CSV, RFC 4180 but for the line end, which is a newline alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    emit(text.getvalue())


def _cell(value: object) -> str:
    # A spreadsheet takes what begins so for a formula, and a log chooses names of programs and paths.
    text = "" if value is None else printable(str(value))
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write FILES (name → content) into FOLDER, each aside first and then renamed, so that none is ever half.

    Raise InputError when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_file(folder / name, text)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot write: {error.strerror}") from error


def write_file(path: Path, content: str | bytes) -> None:
    """Write CONTENT to PATH in one step."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
