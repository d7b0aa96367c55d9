# SPDX-License-Identifier: GPL-2.0-or-later
"""The page as HTML: one file that asks for nothing, with a policy that lets a browser ask for nothing either.

Logs are hostile, and names in them end up here. The template escapes whatever it prints: to printable ASCII first
(a bidi mark would still turn a line around), then for HTML. Only the style sheet, the script and the drawings pass
as they are.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from policytool import __version__
from policytool.check.findings import Finding
from policytool.model.printable import printable
from policytool.report.page.ablation_figure import ablation_figure
from policytool.report.page.budget_figure import budget_figure
from policytool.report.page.call_map import call_map
from policytool.report.page.coverage_figures import saturation_curves, saturation_figure, seen_figure
from policytool.report.page.edges import edges_of
from policytool.report.page.facts import DomainFacts, PageFacts
from policytool.report.page.figure import Figure
from policytool.report.page.graph_svg import graph_svg
from policytool.report.page.headline import headline
from policytool.report.page.heat_maps import class_map, danger_map, overlap_map
from policytool.report.page.module_section import module_sections
from policytool.report.page.privilege_figures import reach_figure, surface_figure
from policytool.report.page.same_work_figure import same_work_figure


def page_html(facts: PageFacts) -> str:
    """Return the page about FACTS."""
    style, script = _own("page.css"), _own("page.js")
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            facts=facts,
            headline=headline(facts),
            figures=figures(facts),
            findings=[_finding(finding) for finding in facts.checked.findings],
            modules=tuple(module_sections(facts)),
            points=_points,
            boots=_boots(facts),
            style=style,
            script=script,
            security="; ".join(
                (
                    "default-src 'none'",
                    f"style-src {_hash(style)}",
                    f"script-src {_hash(script)}",
                    "base-uri 'none'",
                    "form-action 'none'",
                )
            ),
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
    if facts.ablated:
        found.append(ablation_figure(facts.ablated, facts.evidence))
    if facts.overlap:
        found.append(overlap_map(facts.overlap, {each.surface.domain: each.name for each in facts.confined}))
    if facts.evidence:
        found.append(seen_figure(facts.evidence))
    if curves := saturation_curves(facts.evidence):
        found.append(saturation_figure(curves))
    if facts.held_out:
        found.append(budget_figure(facts.held_out))
    if facts.same_work:
        found.append(same_work_figure(facts.same_work))
    if facts.calls:
        found.append(call_map(facts.calls))
    return tuple(found)


def drawings(facts: PageFacts) -> Iterator[tuple[str, str]]:
    """Yield everything that the page draws as an SVG file of its own: a name, and the text."""
    for figure in figures(facts):
        yield figure.name, figure.svg
    for evidence in facts.evidence:
        edges = edges_of(evidence, facts.owners)
        yield f"graph-{evidence.module}", graph_svg(evidence.domain, edges, "", inline=False)


def _points(about: DomainFacts) -> list[tuple[object, ...]]:
    return [(point.name, f"{point.points:.1f}", point.why) for point in about.exposure.points]


def _boots(facts: PageFacts) -> list[tuple[object, ...]]:
    boots = facts.enforcement.boots if facts.enforcement else ()
    return [
        (boot.name, boot.ok, boot.failed, boot.denials, boot.refused, boot.lost, round(boot.seconds))
        for boot in boots
    ]


def _finding(finding: Finding) -> tuple[str, ...]:
    place = f"{finding.file}:{finding.line}" if finding.file else ""
    return finding.id, place, _once(finding.message), _once(finding.hint)


def _once(text: str) -> str:
    # What is printable already would get each of its backslashes doubled.
    return escape(text) if text.isascii() and text.isprintable() else text


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
