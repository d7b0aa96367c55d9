# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of the verbs as documents of plain JSON values; renderers are views of them.

Each document but the list of accesses (DESIGN's contract) carries `format`, its version: a key may be added
without a new version, never removed or given another meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from policytool.model.access import Evidence, Use
from policytool.model.observation import Observations
from policytool.model.printable import printable
from policytool.policy.replay import Replay, Replayed, Verdict

FORMAT = 1

Document = dict[str, object]


def timestamp(milliseconds: int) -> str:
    """Return MILLISECONDS since the epoch in ISO 8601, UTC."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def access_rows(observations: Observations) -> list[Document]:
    """Return the distinct (source type, target type, class, permission, result, permissive) with counts."""
    groups: dict[tuple[str, str, str, str, str, bool | None], Evidence] = {}
    for vector in observations.vectors:
        key = (*vector.key, vector.result.value, vector.permissive)
        found = groups.get(key)
        groups[key] = found.merge(vector.evidence) if found else vector.evidence
    return [
        {
            "source": source,
            "target": target,
            "tclass": tclass,
            "perm": perm,
            "result": result,
            "count": evidence.count,
            "permissive": permissive,
            "first": timestamp(evidence.first),
            "last": timestamp(evidence.last),
        }
        for (source, target, tclass, perm, result, permissive), evidence in sorted(
            groups.items(), key=lambda item: (*item[0][:5], str(item[0][5]))
        )
    ]


def use_document(use: Use, count: int) -> Document:
    """Return one use of an access, its texts in printable ASCII."""
    return {
        "trace": printable(use.trace),
        "program": printable(use.program),
        "syscall": printable(use.syscall),
        "path": printable(use.path),
        "count": count,
    }


def replayed_document(result: Replayed) -> Document:
    """Return one replayed access, with the cause of its verdict and its uses."""
    vector = result.vector
    return {
        "source": vector.key[0],
        "target": vector.key[1],
        "tclass": vector.tclass,
        "perm": vector.perm,
        "source_context": str(vector.source),
        "target_context": str(vector.target),
        "verdict": result.verdict.value,
        "cause": printable(result.cause),
        "count": vector.evidence.count,
        "uses": [use_document(use, count) for use, count in vector.evidence.uses],
    }


def replay_document(outcome: Replay, policy: str, traces: Iterable[str]) -> Document:
    """Return the outcome of a replay: the counts of all verdicts, and each access that was not allowed."""
    return {
        "format": FORMAT,
        "verb": "replay",
        "policy": printable(policy),
        "traces": [printable(trace) for trace in traces],
        "counts": {verdict.value: count for verdict, count in outcome.counts.items()},
        "accesses": [replayed_document(r) for r in outcome.results if r.verdict is not Verdict.ALLOWED],
    }
