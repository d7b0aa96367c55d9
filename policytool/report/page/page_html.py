# SPDX-License-Identifier: GPL-2.0-or-later
"""The page as HTML: one file that asks for nothing, with a policy that lets a browser ask for nothing either.

Logs are hostile, and names in them end up here. The template escapes whatever it prints: to printable ASCII first
(a bidi mark would still turn a line around), then for HTML. Only the style sheet and the drawings pass as they are.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from policytool import __version__
from policytool.check.findings import Finding
from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import ExplainedAccess, ModuleEvidence
from policytool.model.printable import printable
from policytool.report.page.facts import PageFacts
from policytool.report.page.figure import Figure
from policytool.report.page.headline import headline
from policytool.report.page.heat_maps import class_map, danger_map, overlap_map
from policytool.report.page.privilege_figures import reach_figure, surface_figure


def page_html(facts: PageFacts) -> str:
    """Return the page about FACTS."""
    style = _own("page.css")
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            facts=facts,
            headline=headline(facts),
            figures=figures(facts),
            findings=[_finding(finding) for finding in facts.checked.findings],
            modules=[_module(module) for module in facts.evidence],
            style=style,
            security=f"default-src 'none'; style-src {_hash(style)}; base-uri 'none'; form-action 'none'",
            version=__version__,
        )
        + "\n"
    )


def figures(facts: PageFacts) -> tuple[Figure, ...]:
    """Return the figures about all domains of FACTS, the headline's two first; none without a link."""
    if not facts.domains:
        return ()
    every = [*facts.confined, *facts.before]
    found = [surface_figure(every), reach_figure(every), danger_map(every), class_map(every)]
    if facts.overlap:
        found.append(overlap_map(facts.overlap, {each.surface.domain: each.name for each in facts.confined}))
    return tuple(found)


def _finding(finding: Finding) -> tuple[str, ...]:
    place = f"{finding.file}:{finding.line}" if finding.file else ""
    return finding.id, place, _once(finding.message), _once(finding.hint)


def _once(text: str) -> str:
    # What is printable already would get each of its backslashes doubled.
    return escape(text) if text.isascii() and text.isprintable() else text


@dataclass(frozen=True, slots=True)
class _Module:
    heading: str
    rows: tuple[tuple[object, ...], ...]


def _module(evidence: ModuleEvidence) -> _Module:
    counts = {cure: sum(access.cure is cure for access in evidence.accesses) for cure in Cure}
    heading = ", ".join(f"{count} {cure}" for cure, count in counts.items() if count)
    rows = [
        (*access.key, access.cure.value, access.evidence.count, _reason(access))
        for access in evidence.accesses
        if access.cure is not Cure.GRANTED
    ]
    return _Module(f"{evidence.module}: {heading}", tuple(rows))


def _reason(access: ExplainedAccess) -> str:
    uses = [
        " ".join(word for word in (use.program, use.syscall, use.path) if word)
        for use, _ in access.evidence.shown()
    ]
    return "; ".join([access.reason] * bool(access.reason) + uses[:2])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("policytool.report.page", "."),
        autoescape=True,
        finalize=_plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["html"] = Markup
    return environment


def _plain(value: object) -> object:
    return value if isinstance(value, Markup) else printable(str(value))


def _own(name: str) -> str:
    return (files("policytool.report.page") / name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
