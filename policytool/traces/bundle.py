# SPDX-License-Identifier: GPL-2.0-or-later
"""The trace bundle: a folder with raw evidence, compressed, and a manifest that says what it is.

Nothing derived is kept in it. A bundle is written aside and then renamed, so there is never half of one.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from policytool.errors import InputError
from policytool.model.event import TraceEvent, Unread
from policytool.model.observation import Observations
from policytool.traces.digest import tally_blocks
from policytool.traces.manifest import Base, EvidenceFile, Facts, Manifest, parse_manifest
from policytool.traces.reader import read_events
from policytool.traces.source import STDIN, read_blocks, read_lines
from policytool.traces.tally import Tally

MANIFEST = "manifest.json"
EVIDENCE = "audit.log.xz"

# A third smaller than the default on audit logs, whose lines repeat at length, and no slower.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "nice_len": 128, "depth": 64}]

Progress = Callable[[int], None]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TraceLog:
    """One raw log to be read: its path ("-": standard input), the trace it belongs to, whether it is complete."""

    path: str
    trace: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """What TRACE on a command line stands for: a raw log, or a bundle with its manifest."""

    logs: tuple[TraceLog, ...]
    manifest: Manifest | None = None


def load(path: str) -> Trace:
    """Find the logs of PATH: a raw log, a bundle's folder, or "-". InputError: no such file, or a broken bundle.

    A raw log is called by the last part of its path, and is never taken to be complete.
    """
    folder = Path(path)
    if path == STDIN or not folder.is_dir():
        return Trace((TraceLog(path, "stdin" if path == STDIN else folder.name, complete=False),))
    manifest = read_manifest(folder)
    logs = []
    for one in manifest.evidence:
        file = _checked(folder, one)
        logs.append(TraceLog(str(file), one.trace, one.complete))
    return Trace(tuple(logs), manifest)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the bundle FOLDER. InputError: it is missing or not one."""
    path = folder / MANIFEST
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder}: not a trace bundle, its {MANIFEST} cannot be read ({error})") from error
    return parse_manifest(text, str(path))


def read_trace(path: str, strict: bool = False, progress: Progress | None = None) -> Observations:
    """Reduce the trace PATH (see `load`) to its distinct access vectors.

    STRICT: anything not understood is an InputError. PROGRESS is told how many stored bytes have been read of
    the log at hand.
    """
    observations = Observations().merge(*(part for _, part in read_parts(path, progress)))
    if strict and observations.unread_total:
        first = observations.unread[0]
        raise InputError(
            f"{first.location}: {first.kind}, and {observations.unread_total} such places in all; "
            "leave out strict reading to go on without them"
        )
    return observations


def read_parts(path: str, progress: Progress | None = None) -> Iterator[tuple[str, Observations]]:
    """Yield what each log of the trace PATH holds, with the name of the trace that it is of (a scenario)."""
    for log in load(path).logs:
        tally = Tally(log.trace, log.complete)
        tally_blocks(read_blocks(log.path, progress), log.trace, tally)
        yield log.trace, tally.observations()


def read_log(
    log: TraceLog, unread: Callable[[Unread], None], progress: Progress | None = None
) -> Iterator[TraceEvent]:
    """Yield the events of LOG; what is not understood goes to UNREAD. InputError: it cannot be opened or read."""
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
    lost = facts.lost if len(logs) == 1 or facts.lost == 0 else None
    with _aside(folder, overwrite) as made:
        if parts:
            names = [f"{part}.log.xz" for part in parts]
        else:
            names = [EVIDENCE] if len(logs) == 1 else [f"audit.{place}.log.xz" for place in range(1, len(logs) + 1)]
        files = [made / one for one in names]
        # lzma lets other threads run.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(_compress, logs, files))
        evidence = []
        counts = _Counts()
        for file, trace in zip(files, parts or [name] * len(files), strict=True):
            evidence.append(_described(file, trace, counts.add(file), facts, lost))
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


def merge_bundles(folders: Sequence[Path], out: Path, name: str, overwrite: bool = False) -> Manifest:
    """Make the bundle OUT, called NAME, of all the evidence of FOLDERS; the same for any order of them.

    Evidence that several of them hold is kept once. Numbers are sums, and unknown where one of them is; other
    facts are kept where all agree. InputError: as for `load` and `import_trace`.
    """
    manifests = [(folder, read_manifest(folder)) for folder in folders]
    found: dict[str, tuple[Path, EvidenceFile]] = {}
    for folder, manifest in manifests:
        for one in manifest.evidence:
            file = _checked(folder, one)
            kept = found.get(one.sha256)
            if kept is None or replace(one, file="") < replace(kept[1], file=""):
                found[one.sha256] = (file, one)
    with _aside(out, overwrite) as made:
        evidence = []
        counts = _Counts()
        for sha256, (file, one) in sorted(found.items()):
            copy = made / f"audit.{sha256[:16]}.log.xz"
            shutil.copyfile(file, copy)
            counts.add(copy)
            evidence.append(replace(one, file=copy.name))
        manifest = Manifest(
            name=name,
            facts=_agreed([manifest.facts for _, manifest in manifests], evidence),
            records=sum(one.records for one in evidence),
            evidence=tuple(sorted(evidence)),
            begin=counts.begin,
            end=counts.end,
            hosts=tuple(sorted(counts.hosts.items())),
        )
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest


def _agreed(facts: Sequence[Facts], evidence: Sequence[EvidenceFile]) -> Facts:
    losses = [one.lost for one in evidence]
    daemons: dict[str, str | None] = {}
    for one in facts:
        for daemon, version in one.daemons:
            daemons[daemon] = version if daemons.setdefault(daemon, version) == version else None
    return Facts(
        kernel=_common(one.kernel for one in facts),
        base=_common(one.base for one in facts) or Base(),
        selinux=_common(one.selinux for one in facts),
        recording=_common(one.recording for one in evidence),
        daemons=tuple(sorted(daemons.items())),
        scenario=_common(one.scenario for one in facts),
        lost=None if None in losses else sum(loss or 0 for loss in losses),
    )


def _common(values: Iterable[_T]) -> _T | None:
    distinct = list(dict.fromkeys(values))
    return distinct[0] if len(distinct) == 1 else None


class _Counts:
    """What a manifest says of its evidence and only reading it can tell."""

    def __init__(self) -> None:
        self.hosts: Counter[str] = Counter()
        self.begin: int | None = None
        self.end: int | None = None

    def add(self, file: Path) -> int:
        """Read FILE and return the number of its records."""
        before = self.hosts.total()
        for event in read_events(read_lines(str(file)), file.name, lambda _: None):
            key = event.key
            self.hosts[key.node] += event.records
            self.begin = key.timestamp if self.begin is None else min(self.begin, key.timestamp)
            self.end = key.timestamp if self.end is None else max(self.end, key.timestamp)
        return self.hosts.total() - before


def _described(file: Path, trace: str, records: int, facts: Facts, lost: int | None) -> EvidenceFile:
    return EvidenceFile(
        file=file.name,
        sha256=_sha256(file),
        size=file.stat().st_size,
        trace=trace,
        records=records,
        recording=facts.recording,
        lost=lost,
    )


def _checked(folder: Path, evidence: EvidenceFile) -> Path:
    """Return the file of EVIDENCE; a link, another size or another content is an InputError."""
    path = folder / evidence.file
    if path.is_symlink() or not path.is_file():
        raise InputError(f"{path}: not a plain file, though {MANIFEST} names it as evidence")
    if path.stat().st_size != evidence.size or _sha256(path) != evidence.sha256:
        raise InputError(f"{path}: not the file that {MANIFEST} describes (sha256 differs); import the log again")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _compress(log: str, file: Path) -> None:
    compressor = lzma.LZMACompressor(filters=_FILTERS)
    with file.open("wb") as out:
        for block in read_blocks(log):
            out.write(compressor.compress(block + b"\n"))
        out.write(compressor.flush())


@contextmanager
def _aside(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Give a new folder beside FOLDER, and put it in FOLDER's place when all went well."""
    if not overwrite and (folder.exists() or folder.is_symlink()):
        raise InputError(f"{folder}: exists already; choose another name or ask for it to be replaced")
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
