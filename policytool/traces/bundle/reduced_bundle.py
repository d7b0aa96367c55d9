# SPDX-License-Identifier: GPL-2.0-or-later
"""A bundle with what is distinct in another, and tables of how often: it reads as the whole bundle does."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from policytool.errors import InputError
from policytool.traces.bundle.bundle import (
    MANIFEST,
    TraceLog,
    checked,
    checked_counts,
    observe_log,
    read_manifest,
    sha256_of,
)
from policytool.traces.bundle.count_table import CountTable
from policytool.traces.bundle.distinct_events import Choice, Reduction
from policytool.traces.bundle.manifest import TOOL, EvidenceFile, Manifest, Reduced
from policytool.traces.bundle.source import read_blocks
from policytool.traces.bundle.write import Counts, aside

# For lzma: a tenth smaller than what other bundles have, and twice as slow; there is little left to compress.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "nice_len": 273, "depth": 64, "lc": 4, "pb": 0}]


def reduce_bundle(
    folder: Path, out: Path, overwrite: bool = False, without: Collection[str] = ()
) -> tuple[Manifest, dict[str, str]]:
    """Make the bundle OUT of what is distinct in the bundle FOLDER; return its manifest, and what stays as it is.

    The latter is evidence files, each with the reason: reading it reduced would not give the same. Files that are
    reduced already are copied. Traces named in WITHOUT are left out: boots of machines of one image say the same.
    The same bundle gives the same bytes. InputError: as for `load` and `import_trace`, and for a name in WITHOUT
    that the bundle does not have, or where nothing would be left.
    """
    manifest = _without(read_manifest(folder), folder, without)
    whole: dict[str, str] = {}
    evidence = []
    with aside(out, overwrite) as made:
        for whole_file in manifest.evidence:
            file = Path(checked(folder, whole_file))
            counts = checked_counts(folder, whole_file)
            table = None if counts is None else Path(counts)
            reduced = _reduced(file, whole_file, made) if table is None else whole_file
            if isinstance(reduced, str):
                whole[whole_file.file] = reduced
                reduced = whole_file
            if reduced is whole_file:
                for copied in filter(None, (file, table)):
                    shutil.copyfile(copied, made / copied.name)
            evidence.append(reduced)
        names = [path.name for path in made.iterdir()]
        if len(names) < len(evidence) + sum(copy.reduced is not None for copy in evidence):
            raise InputError(f"{folder}: a table of counts would have the name of an evidence file")
        manifest = replace(manifest, evidence=tuple(sorted(evidence)), tool=TOOL)
        if without:
            manifest = _counted(manifest, made)
        (made / MANIFEST).write_text(manifest.to_json(), "utf-8")
    return manifest, whole


def _counted(manifest: Manifest, folder: Path) -> Manifest:
    """Return MANIFEST with what only reading its evidence, in FOLDER, tells: records, hosts, from when to when."""
    counts = Counts()
    for evidence in manifest.evidence:
        table = None if evidence.reduced is None else folder / evidence.reduced.counts
        counts.add(folder / evidence.file, counts=table)
    return replace(
        manifest,
        records=sum(counts.hosts.values()),
        begin=counts.begin,
        end=counts.end,
        hosts=tuple(sorted(counts.hosts.items())),
    )


def _without(manifest: Manifest, folder: Path, names: Collection[str]) -> Manifest:
    traces = {evidence.trace for evidence in manifest.evidence}
    if unknown := sorted(set(names) - traces):
        raise InputError(f"{folder} has no trace {unknown[0]}; it has {', '.join(sorted(traces))}")
    if traces <= set(names):
        raise InputError(f"{folder}: nothing would be left of it")
    left = tuple(evidence for evidence in manifest.evidence if evidence.trace not in names)
    return replace(manifest, evidence=left)


def _reduced(file: Path, evidence: EvidenceFile, made: Path) -> EvidenceFile | str:
    """Reduce EVIDENCE, which is FILE, into the folder MADE; say why if that cannot be done."""
    log = TraceLog(str(file), evidence.trace, evidence.complete)
    seen = observe_log(log)
    if not seen.vectors:
        return "it has no access decision"
    kept, counts = (
        made / evidence.file,
        made / f"{evidence.file.removesuffix('.xz').removesuffix('.log')}.counts.xz",
    )
    candidates = made / ".candidates"
    reduction = Reduction(evidence.trace)
    with candidates.open("wb") as out:
        for event in reduction.candidates(read_blocks(log.path)):
            out.writelines(line + b"\n" for line in event)
    choice = reduction.choice()
    if choice is None:
        candidates.unlink()
        return "it tells of processes in lines that are no records"
    records = _pack_chosen(candidates, choice, kept)
    candidates.unlink()
    weights = tuple(weight for weight, keep in choice.weights if keep)
    table = CountTable(weights, choice.proofs, seen.unread, seen.unread_counts)
    _pack(counts, (f"{line}\n".encode("ascii") for line in table.to_lines()))
    try:
        same = observe_log(replace(log, path=str(kept), counts=str(counts))) == seen
    except InputError:
        same = False
    if not same:
        kept.unlink()
        counts.unlink()
        return "it would not read the same"
    reduced = Reduced(counts.name, sha256_of(counts), counts.stat().st_size, records, evidence.sha256)
    return replace(evidence, sha256=sha256_of(kept), size=kept.stat().st_size, reduced=reduced)


def _pack_chosen(candidates: Path, choice: Choice, kept: Path) -> int:
    """Compress the events of CANDIDATES that CHOICE wants into KEPT; return the number of their records."""
    with candidates.open("rb") as stream:

        def chosen() -> Iterable[bytes]:
            for weight, keep in choice.weights:
                for _ in range(weight.lines):
                    line = stream.readline()
                    if keep:
                        yield line

        _pack(kept, chosen())
    return sum(weight.lines for weight, keep in choice.weights if keep)


def _pack(file: Path, lines: Iterable[bytes]) -> None:
    compressor = lzma.LZMACompressor(filters=_FILTERS)
    with file.open("wb") as out:
        for line in lines:
            out.write(compressor.compress(line))
        out.write(compressor.flush())
