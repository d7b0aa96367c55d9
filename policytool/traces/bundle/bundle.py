# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace bundle: a folder with raw evidence, compressed, and a manifest that says what it is.

Nothing derived is kept in it. A bundle is written aside and then renamed, so there is never half of one.
"""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.errors import InputError
from policytool.model.event import MAX_MILLISECONDS, TraceEvent, Unread
from policytool.model.observation import Observations
from policytool.traces.bundle.source import STDIN, read_blocks, read_lines
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from policytool.traces.tally.telling import told

if TYPE_CHECKING:
    from threading import Event

    from policytool.model.execution import Execution
    from policytool.traces.bundle.manifest import EvidenceFile, Facts, Manifest

MANIFEST = "manifest.json"
EVIDENCE = "audit.log.xz"

# For lzma: a third smaller than the default on audit logs, whose lines repeat at length, and no slower.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "nice_len": 128, "depth": 64}]

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class TraceLog:
    """One raw log to be read: its path ("-": standard input), the trace it belongs to, whether it is complete.

    `counts` is the table beside it if it was reduced.
    """

    path: str
    trace: str
    complete: bool
    counts: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What TRACE on a command line stands for: a raw log, or a bundle with its manifest."""

    logs: tuple[TraceLog, ...]
    manifest: Manifest | None = None


def load(path: str) -> Trace:
    """Find the logs of PATH: a raw log, a bundle's folder, another folder, a pattern (`*.log`), or "-".

    A raw log is called by the last part of its path, and is never taken to be complete. A folder that is no bundle
    stands for the files and bundles right in it, but for hidden ones, in the order of their names; a pattern for
    all that match. InputError: no such file, nothing in a folder, or a broken bundle.
    """
    import glob

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
        logs = tuple(log for one in sorted(glob.glob(path, recursive=True)) for log in load(one).logs)  # noqa: PTH207
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
    logs = []
    for one in manifest.evidence:
        file = checked(folder, one)
        counts = checked_counts(folder, one)
        logs.append(TraceLog(str(file), one.trace, one.complete, None if counts is None else str(counts)))
    return Trace(tuple(logs), manifest)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the bundle FOLDER. InputError: it is missing or not one."""
    from policytool.traces.bundle.manifest import parse_manifest

    path = folder / MANIFEST
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder}: not a trace bundle, its {MANIFEST} cannot be read ({error})") from error
    return parse_manifest(text, str(path))


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


def read_parts(path: str) -> Iterator[tuple[str, Observations]]:
    """Yield what each log of the trace PATH holds, with the name of the trace that it is of (a scenario)."""
    for log in load(path).logs:
        yield log.trace, told(observe_log(log))


def observe_log(log: TraceLog, *, executions: bool = True) -> Observations:
    """Reduce LOG to its distinct access vectors, and with EXECUTIONS, which takes a search more, say who ran whom.

    InputError: it cannot be opened or read.
    """
    if log.counts is not None:
        from policytool.traces.bundle.reduced_log import observe_reduced, read_table

        return observe_reduced(log, read_table(log.counts, log.trace), executions=executions)
    tally = Tally(log.trace, log.complete)
    blocks = read_blocks(log.path)
    if not executions:
        tally_blocks(blocks, log.trace, tally)
        return tally.observations()
    from policytool.traces.tally.process_tree import ProcessTree

    tree = ProcessTree()
    tally_blocks(tree.follow(blocks), log.trace, tally)
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


def import_trace(
    logs: Sequence[str],
    folder: Path,
    name: str,
    facts: Facts,
    overwrite: bool = False,
    parts: Sequence[str] = (),
) -> Manifest:
    """Make the bundle FOLDER, called NAME, of raw LOGS, and return its manifest.

    PARTS names each log as a trace of its own, in the same order; without it all are the trace NAME. The same
    logs and FACTS give the same bytes. InputError: a log cannot be read, or FOLDER exists and OVERWRITE is not
    asked for.
    """
    from policytool.traces.bundle.manifest import Manifest

    if not parts:
        found = [log for one in logs for log in load(one).logs]
        if any(log.counts for log in found):
            raise InputError("a reduced bundle is no log: trace merge makes one bundle of several, reduced or not")
        logs = [log.path for log in found]
    lost = facts.lost if len(logs) == 1 or facts.lost == 0 else None
    with aside(folder, overwrite) as made:
        if parts:
            names = [f"{part}.log.xz" for part in parts]
        else:
            names = [EVIDENCE] if len(logs) == 1 else [f"audit.{place}.log.xz" for place in range(1, len(logs) + 1)]
        files = [made / one for one in names]
        _compress_all(logs, files)
        evidence = []
        counts = Counts()
        for file, trace in zip(files, parts or [name] * len(files), strict=True):
            evidence.append(described(file, trace, counts.add(file), facts, lost))
        manifest = Manifest(
            name=name,
            facts=replace(facts, daemons=tuple(sorted(facts.daemons))),
            records=sum(counts.hosts.values()),
            evidence=tuple(sorted(evidence)),
            begin=counts.begin,
            end=counts.end,
            hosts=tuple(sorted(counts.hosts.items())),
        )
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest


class Counts:
    """What a manifest says of its evidence and only reading it can tell."""

    def __init__(self) -> None:
        self.hosts: Counter[str] = Counter()
        self.begin: int | None = None
        self.end: int | None = None

    def add(self, file: Path, unnamed: str = "", counts: Path | None = None) -> int:
        """Read FILE and return the number of its records; the host that they do not name is UNNAMED.

        COUNTS is the table beside it if it was reduced: the records are then those of the whole log.
        """
        tally = Tally(file.name, complete=False)
        if counts is None:
            tally_blocks(read_blocks(str(file)), file.name, tally)
        else:
            from policytool.traces.bundle.reduced_log import read_table, tally_reduced

            tally_reduced(str(file), read_table(str(counts), file.name), file.name, tally)
        if tally.hosts:
            for node, records in tally.hosts.items():
                self.hosts[node or unnamed] += records
            # A log may claim times that no manifest can write.
            first, last = min(tally.first, MAX_MILLISECONDS), min(tally.last, MAX_MILLISECONDS)
            self.begin = first if self.begin is None else min(self.begin, first)
            self.end = last if self.end is None else max(self.end, last)
        return tally.hosts.total()


def described(file: Path, trace: str, records: int, facts: Facts, lost: int | None) -> EvidenceFile:
    """Describe the evidence FILE, whose RECORDS were counted, for a manifest."""
    from policytool.traces.bundle.manifest import EvidenceFile

    return EvidenceFile(
        file=file.name,
        sha256=sha256_of(file),
        size=file.stat().st_size,
        trace=trace,
        records=records,
        recording=facts.recording,
        lost=lost,
    )


def checked(folder: Path, evidence: EvidenceFile) -> Path:
    """Return the file of EVIDENCE; a link, another size or another content is an InputError."""
    return _checked(folder / evidence.file, evidence.size, evidence.sha256)


def checked_counts(folder: Path, evidence: EvidenceFile) -> Path | None:
    """Return the table beside EVIDENCE, checked in the same way; None if it was not reduced."""
    if evidence.reduced is None:
        return None
    return _checked(folder / evidence.reduced.counts, evidence.reduced.size, evidence.reduced.sha256)


def _checked(path: Path, size: int, sha256: str) -> Path:
    if path.is_symlink() or not path.is_file():
        raise InputError(f"{path}: not a plain file, though {MANIFEST} names it as evidence")
    if path.stat().st_size != size or sha256_of(path) != sha256:
        raise InputError(f"{path}: not the file that {MANIFEST} describes (sha256 differs); import the log again")
    return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of the file PATH, in hexadecimal."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _compress_all(logs: Sequence[str], files: Sequence[Path]) -> None:
    """Compress LOGS into FILES, several at a time: lzma lets other threads run."""
    if len(logs) == 1 or STDIN in logs:
        # Not in a thread: nothing could wake it up that waits for input when the user gives up.
        for log, file in zip(logs, files, strict=True):
            _compress(log, file)
        return
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    stop = Event()
    with ThreadPoolExecutor() as pool:
        try:
            list(pool.map(lambda log, file: _compress(log, file, stop), logs, files))
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _compress(log: str, file: Path, stop: Event | None = None) -> None:
    """Compress LOG into FILE; give up, with half of it written, once STOP is set."""
    compressor = lzma.LZMACompressor(filters=FILTERS)
    with file.open("wb") as out:
        for block in read_blocks(log):
            if stop is not None and stop.is_set():
                return
            out.write(compressor.compress(block + b"\n"))
        out.write(compressor.flush())


@contextmanager
def aside(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Give a new folder beside FOLDER, and put it in FOLDER's place when all went well."""
    if not overwrite and (folder.exists() or folder.is_symlink()):
        raise InputError(f"{folder}: exists already; choose another name or ask for it to be replaced")
    import shutil
    import tempfile

    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        made = work / "new"
        made.mkdir()
        yield made
        if not folder.exists():
            made.rename(folder)
            return
        folder.rename(work / "old")
        try:
            made.rename(folder)
        except BaseException:
            (work / "old").rename(folder)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
