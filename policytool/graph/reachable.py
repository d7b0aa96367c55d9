# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be reached over steps from one name to another, each by a shortest path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import networkx

Step = tuple[str, str]


class ReachGraph:
    """A directed graph of STEPS, which is asked again and again."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._graph = networkx.DiGraph()
        # In order, so that of several shortest paths the same one is found each time.
        self._graph.add_edges_from(sorted(steps))

    def paths(self, source: str, steps: int | None = None) -> Mapping[str, tuple[str, ...]]:
        """Return all that SOURCE reaches in at most so many STEPS (None: any number), each with a shortest path.

        A path begins with SOURCE and ends with what is reached; SOURCE itself is not among the results.
        """
        if source not in self._graph:
            return {}
        found = networkx.single_source_shortest_path(self._graph, source, cutoff=steps)
        return {target: tuple(path) for target, path in sorted(found.items()) if target != source}
