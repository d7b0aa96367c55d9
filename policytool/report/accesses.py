# SPDX-License-Identifier: GPL-2.0-or-later
"""The distinct accesses as a document. Apart from the other ones, which load setools: `access` answers at once."""

from __future__ import annotations

from datetime import UTC, datetime

from policytool.model.access import Evidence
from policytool.model.observation import Observations

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
