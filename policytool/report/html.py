# SPDX-License-Identifier: GPL-2.0-or-later
"""One self-contained page: no script, no request to anywhere, every text of a log escaped twice over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.printable import printable

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #8884; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font: 13px/1.4 ui-monospace, monospace; }
summary { cursor: pointer; font-weight: 600; margin: .5rem 0; }
"""

_FIGURES = (("stored", "triples"), ("every", "all rules"), ("floor", "floor"))
_COUNTS = (("object_types", "types"), ("capabilities", "capabilities"), ("transitions", "transitions"))


def write_html(
    checked: Mapping[str, object], surfaces: Mapping[str, object] | None, evidence: Sequence[ModuleEvidence]
) -> str:
    """Return the page of a check_document, a compare_document (None: not linked) and the modules' evidence."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>policytool report</title><style>{_STYLE}</style></head><body>",
        "<h1>Candidate modules</h1>",
        _surfaces(surfaces) if surfaces else "<p>The modules do not link: no surfaces.</p>",
        _findings(checked),
        "<h2>Every access and its cure</h2>",
        *(_module(module) for module in evidence),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(value: object) -> str:
    return escape(printable(str(value)))


def _table(head: Iterable[str], rows: Iterable[Sequence[object]], numbers: frozenset[int]) -> str:
    def row(cells: Iterable[object], tag: str) -> str:
        marks = (' class="n"' if index in numbers else "" for index in range(99))
        inner = "".join(f"<{tag}{mark}>{_text(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=False))
        return f"<tr>{inner}</tr>"

    return f"<table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _surfaces(document: Mapping[str, object]) -> str:
    rows = []
    for surface in _dicts(document["rows"]):
        triples, dangers = surface["triples"], surface["dangers"]
        figures = [triples[key] for key, _ in _FIGURES] if isinstance(triples, dict) else []
        counts = [surface[key] for key, _ in _COUNTS]
        names = ", ".join(str(name) for name in dangers) if isinstance(dangers, list) else ""
        share = surface["share"]
        percent = f"{share:.2%}" if isinstance(share, float) else ""
        rows.append([surface["domain"], surface["policy"], *figures, *counts, percent, names])
    head = ["domain", "policy", *(name for _, name in _FIGURES), *(name for _, name in _COUNTS), "share", "dangers"]
    note = (
        f"<p>Triples are (target type, class, permission), attributes expanded, booleans at stored values; "
        f"share is of the baseline, {_text(document['baseline'])}.</p>"
    )
    return f"<h2>Privilege surfaces</h2>{note}{_table(head, rows, frozenset(range(2, 9)))}"


def _findings(document: Mapping[str, object]) -> str:
    rows = [
        [finding["id"], f"{finding['file']}:{finding['line']}", finding["message"], finding["hint"]]
        for finding in _dicts(document["findings"])
    ]
    table = _table(["id", "place", "finding", "what to do"], rows, frozenset()) if rows else "<p>None.</p>"
    return f"<h2>Findings of the check</h2>{table}"


def _module(evidence: ModuleEvidence) -> str:
    counts = {cure: sum(access.cure is cure for access in evidence.accesses) for cure in Cure}
    heading = ", ".join(f"{count} {cure}" for cure, count in counts.items() if count)
    rows = [
        [*access.key, access.cure.value, access.evidence.count, _reason(access)]
        for access in evidence.accesses
        if access.cure is not Cure.GRANTED
    ]
    head = ["source", "target", "class", "permission", "cure", "seen", "by"]
    table = _table(head, rows, frozenset({5}))
    return f"<details><summary>{_text(evidence.module)}: {_text(heading)}</summary>{table}</details>"


def _reason(access: ExplainedAccess) -> str:
    uses = [
        " ".join(word for word in (use.program, use.syscall, use.path) if word)
        for use, _ in access.evidence.shown()
    ]
    return "; ".join([access.reason] * bool(access.reason) + uses[:2])


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
