# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles written: logs compressed, counted and described, aside and then renamed, so that none is ever half."""

from __future__ import annotations

import lzma
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from policytool.errors import InputError
from policytool.model.event import MAX_MILLISECONDS
from policytool.traces.bundle.bundle import EVIDENCE, MANIFEST, load, sha256_of
from policytool.traces.bundle.file_counts import FileCounts, count_file
from policytool.traces.bundle.source import STDIN, read_blocks

if TYPE_CHECKING:
    from threading import Event

    from policytool.traces.bundle.manifest import EvidenceFile, Facts, Manifest


# For lzma: a third smaller than the default on audit logs, whose lines repeat at length, and no slower.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "nice_len": 128, "depth": 64}]


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
        found = [log for trace in logs for log in load(trace).logs]
        if any(log.counts for log in found):
            raise InputError("a reduced bundle is no log: trace merge makes one bundle of several, reduced or not")
        logs = [log.path for log in found]
    lost = facts.lost if len(logs) == 1 or facts.lost == 0 else None
    with aside(folder, overwrite) as made:
        if parts:
            names = [f"{part}.log.xz" for part in parts]
        else:
            names = [EVIDENCE] if len(logs) == 1 else [f"audit.{place}.log.xz" for place in range(1, len(logs) + 1)]
        files = [made / name for name in names]
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
        found = count_file(str(file), None if counts is None else str(counts))
        self.put(found, unnamed)
        return sum(records for _, records in found.hosts)

    def put(self, found: FileCounts, unnamed: str) -> None:
        """Add what was FOUND in a log, where the host that records do not name is UNNAMED."""
        if found.hosts:
            for node, records in found.hosts:
                self.hosts[node or unnamed] += records
            # A log may claim times that no manifest can write.
            first, last = min(found.first, MAX_MILLISECONDS), min(found.last, MAX_MILLISECONDS)
            self.begin = first if self.begin is None else min(self.begin, first)
            self.end = last if self.end is None else max(self.end, last)


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
