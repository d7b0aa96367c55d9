# SPDX-License-Identifier: GPL-2.0-or-later
"""A bundle whose evidence is that of a trace without what it says of people, hosts and networks."""

from __future__ import annotations

import lzma
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from policytool.errors import InputError
from policytool.model.event import Unread
from policytool.traces.bundle.bundle import EVIDENCE, MANIFEST, TraceLog, load
from policytool.traces.bundle.manifest import EvidenceFile, Facts, Manifest
from policytool.traces.bundle.reduced_log import read_table
from policytool.traces.bundle.source import STDIN, read_blocks, read_lines
from policytool.traces.bundle.write import FILTERS, Counts, aside, described
from policytool.traces.formats.lines import read_records
from policytool.traces.redaction.pseudonyms import Pseudonyms
from policytool.traces.redaction.records import Redactor


@dataclass(slots=True)
class _LeftOut:
    """Counts what cannot be redacted, because nobody knows what it is."""

    lines: int = 0

    def add(self, _: Unread) -> None:
        self.lines += 1


def redact_trace(
    path: str, out: Path, name: str, *, every_argument: bool = False, overwrite: bool = False
) -> tuple[Manifest, dict[str, int]]:
    """Make the bundle OUT, called NAME, of the trace PATH; return its manifest, and how much of what was replaced.

    What is replaced is told by docs/security.md. The same trace gives the same bytes. The trace is read twice: a
    name may be seen before anything says that it is a person's. InputError: as for `load` and `import_trace`.
    """
    with aside(out, overwrite) as made:
        trace = load(path)
        logs, evidence = trace.logs, trace.manifest.evidence if trace.manifest else ()
        if path == STDIN:
            logs = (replace(logs[0], path=str(_kept(made))),)
        facts = trace.manifest.facts if trace.manifest else Facts()
        redactor = Redactor(Pseudonyms(), every_argument=every_argument)
        for log in logs:
            for record in read_records(read_lines(log.path), log.trace, lambda _: None):
                redactor.line(record)
        redactor.forget()
        counts, left_out = Counts(), _LeftOut()
        files = []
        for place, log in enumerate(logs):
            before = evidence[place] if evidence else _plain(name)
            file = made / before.file
            table = _table(log, before, made)
            written = _write(log, file, redactor, left_out)
            label = redactor.label(before.trace)
            records = counts.add(file, counts=table)
            wanted, found = (before.reduced.kept, written) if before.reduced else (written, records)
            if wanted != found:
                raise InputError(f"{path}: {wanted} records were redacted and {found} can be read back")
            after = described(file, label, records, facts, before.lost)
            files.append(replace(after, recording=before.recording, reduced=before.reduced))
        if path == STDIN:
            Path(logs[0].path).unlink()
        manifest = Manifest(
            name=name,
            facts=replace(facts, scenario=None if facts.scenario is None else redactor.label(facts.scenario)),
            records=sum(file.records for file in files),
            evidence=tuple(sorted(files)),
            begin=counts.begin,
            end=counts.end,
            hosts=tuple(sorted(counts.hosts.items())),
            redacted=left_out.lines,
        )
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest, redactor.names.counts()


def _table(log: TraceLog, evidence: EvidenceFile, made: Path) -> Path | None:
    """Copy the table of counts of LOG to MADE, if it was reduced: no line comes or goes when it is redacted."""
    if log.counts is None or evidence.reduced is None:
        return None
    if read_table(log.counts, log.trace).unread:
        raise InputError(
            f"{log.counts}: has lines that nobody understood, and what they say of people is not known; "
            "redact the whole bundle, and then reduce that"
        )
    table = made / evidence.reduced.counts
    shutil.copyfile(log.counts, table)
    return table


def _plain(name: str) -> EvidenceFile:
    """Describe a raw log: its name may be a host's, so that it is called as the bundle is."""
    return EvidenceFile(EVIDENCE, "", 0, name, 0)


def _kept(folder: Path) -> Path:
    """Keep standard input, which cannot be read twice."""
    file = folder / "stdin.log"
    with file.open("wb") as out:
        for block in read_blocks(STDIN):
            out.write(block + b"\n")
    return file


def _write(log: TraceLog, file: Path, redactor: Redactor, left_out: _LeftOut) -> int:
    """Write what REDACTOR makes of LOG to FILE; return the number of records."""
    compressor = lzma.LZMACompressor(filters=FILTERS)
    records = 0
    with file.open("wb") as out:
        for record in read_records(read_lines(log.path), log.trace, left_out.add):
            out.write(compressor.compress(redactor.line(record) + b"\n"))
            records += 1
        out.write(compressor.flush())
    return records
