# SPDX-License-Identifier: GPL-2.0-or-later
"""What a manifest says of one log and only reading it can tell."""

from __future__ import annotations

from dataclasses import dataclass

from policytool.traces.bundle.bundle import checked, checked_counts
from policytool.traces.bundle.manifest import EvidenceFile
from policytool.traces.bundle.reduced_log import read_table, tally_reduced
from policytool.traces.bundle.source import read_blocks
from policytool.traces.bundle.url import beside, is_url, name_of
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally


@dataclass(frozen=True, slots=True)
class FileCounts:
    """The records of each host ("": of none), and when the first and the last event was, in milliseconds."""

    hosts: tuple[tuple[str, int], ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True, repr=False)
class Examination:
    """What is to be done with EVIDENCE of the bundle FOLDER, a path or a URL: compared, and COUNTED or not."""

    folder: str
    evidence: EvidenceFile
    counted: bool

    def __repr__(self) -> str:
        """Name the file alone: a URL may hold a password."""
        return f"Examination({self.evidence.file})"


def examined(task: Examination) -> FileCounts | None:
    """Compare evidence with its manifest, and count its records if that is wanted.

    What is counted at a URL is not compared: whoever copies it does that, so that it is not fetched once more.
    InputError: it is not what the manifest describes, or cannot be read.
    """
    if not (task.counted and is_url(task.folder)):
        checked(task.folder, task.evidence)
        checked_counts(task.folder, task.evidence)
    if not task.counted:
        return None
    reduced = task.evidence.reduced
    table = None if reduced is None else beside(task.folder, reduced.counts)
    return count_file(beside(task.folder, task.evidence.file), table)


def count_file(path: str, counts: str | None = None) -> FileCounts:
    """Count the log PATH, or URL. COUNTS is the table beside it if it was reduced: it is then of the whole log."""
    name = name_of(path) if is_url(path) else path.rpartition("/")[2]
    tally = Tally(name, complete=False)
    if counts is None:
        tally_blocks(read_blocks(path), name, tally)
    else:
        tally_reduced(path, read_table(counts, name), name, tally)
    return FileCounts(tuple(tally.hosts.items()), tally.first, tally.last)
