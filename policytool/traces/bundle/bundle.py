# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace bundle: a folder with raw evidence, compressed, and a manifest that says what it is.

Nothing derived is kept in it. Here it is read; `write.py` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.errors import InputError
from policytool.model.event import TraceEvent, Unread
from policytool.model.observation import Observations
from policytool.traces.bundle.source import STDIN, read_blocks, read_lines
from policytool.traces.bundle.url import beside, is_url, matching, name_of, pieces, shown
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from policytool.traces.tally.telling import told

if TYPE_CHECKING:
    from policytool.model.execution import Execution
    from policytool.traces.bundle.manifest import EvidenceFile, Manifest
    from policytool.traces.tally.shapes import Reader

MANIFEST = "manifest.json"
EVIDENCE = "audit.log.xz"


Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class TraceLog:
    """One raw log to be read: its path ("-": standard input), the trace it belongs to, whether it is complete.

    `counts` is the table beside it if it was reduced; `recording` is the bundle that it is in, "" if it is in none.
    """

    path: str
    trace: str
    complete: bool
    counts: str | None = None
    recording: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What TRACE on a command line stands for: a raw log, or a bundle with its manifest."""

    logs: tuple[TraceLog, ...]
    manifest: Manifest | None = None


def load(path: str) -> Trace:
    """Find the logs of PATH: a raw log, a bundle's folder, another folder, a pattern (`*.log`), a URL, or "-".

    A raw log is called by the last part of its path, and is never taken to be complete. A folder that is no bundle
    stands for the files and bundles right in it, but for hidden ones, in the order of their names; a pattern for
    all that match. A URL is that of raw logs (see `matching`). InputError: no such file, nothing in a folder, or a
    broken bundle.
    """
    import glob

    if is_url(path):
        return Trace(tuple(TraceLog(url, name_of(url), complete=False) for url in matching(path)))
    folder = Path(path)
    if path == STDIN:
        return Trace((TraceLog(path, "stdin", complete=False),))
    if folder.is_dir():
        if (folder / MANIFEST).exists():
            return _bundle(folder)
        logs = tuple(_inside(folder))
        if not logs:
            raise InputError(f"{folder}: neither a trace bundle (it has no {MANIFEST}) nor a folder with logs")
        return Trace(logs)
    if glob.has_magic(path) and not folder.exists():
        # Path.glob refuses the absolute patterns that a command line has.
        matches = sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        logs = tuple(log for match in matches for log in load(match).logs)
        if not logs:
            raise InputError(f"{path}: no file matches")
        return Trace(logs)
    return Trace((TraceLog(path, folder.name, complete=False),))


def _inside(folder: Path) -> Iterator[TraceLog]:
    """Yield the logs of FOLDER, which is no bundle: of its files and bundles, other folders are not entered."""
    name = folder.resolve().name
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if (path / MANIFEST).exists():
            yield from _bundle(path).logs
        elif path.is_file():
            yield TraceLog(str(path), f"{name}/{path.name}", complete=False)


def _bundle(folder: Path) -> Trace:
    manifest = read_manifest(folder)
    # Two recordings of one name differ in when they began.
    recording = manifest.name if manifest.begin is None else f"{manifest.name} {manifest.begin}"
    logs = []
    for evidence in manifest.evidence:
        file = checked(folder, evidence)
        table = checked_counts(folder, evidence)
        logs.append(TraceLog(file, evidence.trace, evidence.complete, table, recording))
    return Trace(tuple(logs), manifest)


def read_manifest(folder: Path | str) -> Manifest:
    """Read the manifest of the bundle FOLDER, a path or a URL. InputError: it is missing or not one."""
    from policytool.traces.bundle.manifest import parse_manifest

    path = beside(str(folder), MANIFEST)
    try:
        text = b"".join(pieces(path)).decode() if is_url(path) else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{shown(str(folder))}: not a trace bundle, its {MANIFEST} cannot be read ({error})"
        ) from error
    return parse_manifest(text, shown(path))


def read_trace(path: str, strict: bool = False, *, executions: bool = True) -> Observations:
    """Reduce the trace PATH (see `load`) to its distinct access vectors, and with EXECUTIONS say who ran whom.

    STRICT: anything not understood is an InputError.
    """
    parts = [observe_log(log, executions=executions) for log in load(path).logs]
    observations = told(Observations().merge(*parts))
    if strict and observations.unread_total:
        first = observations.unread[0]
        raise InputError(
            f"{first.location}: {first.kind}, and {observations.unread_total} such places in all; "
            "leave out strict reading to go on without them"
        )
    return observations


def recordings_of(paths: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return of which recordings each trace is that PATHS hold: bundles, or raw logs by their own names.

    Observations do not tell: a merged bundle gives the same as what it is made of.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        for log in load(path).logs:
            found.setdefault(log.trace, set()).add(log.recording or log.trace)
    return {trace: frozenset(recordings) for trace, recordings in found.items()}


def read_parts(path: str) -> Iterator[tuple[str, Observations]]:
    """Yield what each log of the trace PATH holds, with the name of the trace that it is of (a scenario)."""
    for log in load(path).logs:
        yield log.trace, told(observe_log(log))


def observe_log(log: TraceLog, *, executions: bool = True, reader: Reader | None = None) -> Observations:
    """Reduce LOG to its distinct access vectors, and with EXECUTIONS, which takes a search more, say who ran whom.

    READER may know texts of other logs: that makes no difference but in time. InputError: it cannot be read.
    """
    if log.counts is not None:
        from policytool.traces.bundle.reduced_log import observe_reduced, read_table

        return observe_reduced(log, read_table(log.counts, log.trace), executions=executions)
    tally = Tally(log.trace, log.complete)
    blocks = read_blocks(log.path)
    if not executions:
        tally_blocks(blocks, log.trace, tally, reader)
        return tally.observations()
    from policytool.traces.tally.process_tree import ProcessTree

    tree = ProcessTree()
    tally_blocks(tree.follow(blocks), log.trace, tally, reader)
    return replace(tally.observations(), executions=tree.executions())


def executions_in(path: str) -> tuple[Execution, ...]:
    """Return who ran whom in the log PATH, sorted. InputError: it cannot be opened or read."""
    from policytool.traces.tally.process_tree import ProcessTree

    tree = ProcessTree()
    for block in read_blocks(path):
        tree.add_block(block)
    return tree.executions()


def read_log(
    log: TraceLog, unread: Callable[[Unread], None], progress: Progress | None = None
) -> Iterator[TraceEvent]:
    """Yield the events of LOG; what is not understood goes to UNREAD.

    InputError: it cannot be opened or read, or was reduced, so that most of its events are not there.
    """
    from policytool.traces.formats.lines import read_events

    if log.counts is not None:
        raise InputError(f"{log.path}: reduced to what is distinct in it; only the whole recording has every event")
    return read_events(read_lines(log.path, progress), log.trace, unread)


def checked(folder: Path | str, evidence: EvidenceFile) -> str:
    """Return the file of EVIDENCE in FOLDER, a path or a URL; a link, another size or content is an InputError."""
    return _checked(beside(str(folder), evidence.file), evidence.size, evidence.sha256)


def checked_counts(folder: Path | str, evidence: EvidenceFile) -> str | None:
    """Return the table beside EVIDENCE, checked in the same way; None if it was not reduced."""
    if evidence.reduced is None:
        return None
    return _checked(beside(str(folder), evidence.reduced.counts), evidence.reduced.size, evidence.reduced.sha256)


def _checked(path: str, size: int, sha256: str) -> str:
    if is_url(path):
        import hashlib

        digest, found = hashlib.sha256(), 0
        for piece in pieces(path):
            digest.update(piece)
            found += len(piece)
        same = (found, digest.hexdigest()) == (size, sha256)
    else:
        file = Path(path)
        if file.is_symlink() or not file.is_file():
            raise InputError(f"{path}: not a plain file, though {MANIFEST} names it as evidence")
        same = file.stat().st_size == size and sha256_of(file) == sha256
    if not same:
        raise not_described(path)
    return path


def not_described(path: str) -> InputError:
    """Return the error that the file PATH is not what the manifest beside it says."""
    return InputError(
        f"{shown(path)}: not the file that {MANIFEST} describes (sha256 differs); import the log again"
    )


def sha256_of(path: Path) -> str:
    """Return the sha256 of the file PATH, in hexadecimal."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
