# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page says of one module: figures of its domain, its graph, the evidence of every edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policytool.generate.writers.evidence import ModuleEvidence
from policytool.model.cure import Cure
from policytool.report.page.edges import DrawnEdge, edges_of
from policytool.report.page.facts import DomainFacts, DomainKind, PageFacts
from policytool.report.page.graph_svg import graph_svg, legend_svg
from policytool.report.reach_document import hop_text

# Ways to other domains that are listed; the nearest come first.
_MOST_WAYS = 40


@dataclass(frozen=True, slots=True)
class Legend:
    """A cure that the graph has: its mark as a drawing, and how many accesses have it."""

    cure: Cure
    mark: str
    accesses: int


@dataclass(frozen=True, slots=True)
class ModuleSection:
    """One module's part of the page. `anchor` begins the anchors of its edges: edge N has ANCHOR-N.

    `about` are the figures of its domain, None where the modules do not link. `ways` are the nearest domains that
    it can enter, each with its path, and `more_ways` how many there are besides.
    """

    anchor: str
    module: str
    domain: str
    about: DomainFacts | None
    edges: tuple[DrawnEdge, ...]
    graph: str
    legend: tuple[Legend, ...]
    ways: tuple[str, ...]
    more_ways: int

    @property
    def granted(self) -> int:
        """How many edges the base grants."""
        return sum(edge.cure is Cure.GRANTED for edge in self.edges)


def module_sections(facts: PageFacts) -> Iterator[ModuleSection]:
    """Yield a section for each module that has evidence, by the names of their domains."""
    about = {each.surface.domain: each for each in facts.domains if each.kind is not DomainKind.BEFORE}
    for number, evidence in enumerate(
        sorted(facts.evidence, key=lambda evidence: (evidence.domain, evidence.module))
    ):
        yield _section(f"m{number}", evidence, about.get(evidence.domain), facts)


def _section(anchor: str, evidence: ModuleEvidence, about: DomainFacts | None, facts: PageFacts) -> ModuleSection:
    edges = edges_of(evidence, facts.owners)
    counts = {cure: sum(access.cure is cure for access in evidence.accesses) for cure in Cure}
    reached = about.reach.reached if about else ()
    return ModuleSection(
        anchor,
        evidence.module,
        evidence.domain,
        about,
        edges,
        graph_svg(evidence.domain, edges, anchor, inline=True),
        tuple(Legend(cure, legend_svg(cure), count) for cure, count in counts.items() if count),
        tuple(", then ".join(hop_text(hop) for hop in way.path) for way in reached[:_MOST_WAYS]),
        max(len(reached) - _MOST_WAYS, 0),
    )
