# SPDX-License-Identifier: GPL-2.0-or-later
"""evidence.json: every access of a daemon with its cure and its proof; beside each generated module.

It is what `explain` answers from and where `replay` learns which accesses were refused by decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policytool.generate.reach import Reach
from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import merge_evidence
from policytool.model.access import AccessKey, Evidence, Use
from policytool.model.module import PolicyModule

FILE_NAME = "evidence.json"
FORMAT = 1


class EvidenceError(ValueError):
    """A text that is not an evidence.json of a format we know."""


@dataclass(frozen=True, slots=True)
class ExplainedAccess:
    """One (source type, target type, class, permission) with its cure, the cure's reason, and the evidence.

    `id` names an objection that a person may accept, "" if there is none.
    """

    key: AccessKey
    cure: Cure
    reason: str
    evidence: Evidence
    id: str = ""


@dataclass(frozen=True, slots=True)
class ModuleEvidence:
    """What an evidence.json holds: the module and the domain it is about, and the accesses, sorted."""

    module: str
    domain: str
    accesses: tuple[ExplainedAccess, ...]


def explained(triaged: Iterable[Triaged]) -> tuple[ExplainedAccess, ...]:
    """Join what differs in contexts or results only; sorted by key and cure."""
    groups: dict[tuple[AccessKey, Cure, str, str], list[Triaged]] = {}
    for access in triaged:
        groups.setdefault((access.vector.key, access.cure, access.reason, access.id), []).append(access)
    return tuple(
        ExplainedAccess(key, cure, reason, merge_evidence(access.vector for access in group), id_)
        for (key, cure, reason, id_), group in sorted(groups.items())
    )


def write_evidence(module: PolicyModule, triaged: Iterable[Triaged], reach: Iterable[Reach] = ()) -> str:
    """Return evidence.json of MODULE, one access a line so that two versions compare well.

    REACH is whom its private types keep out.
    """
    head = {
        "format": FORMAT,
        "module": module.name,
        "domain": module.domain,
        "extends": module.extends,
        "base": {"name": module.base.name, "version": module.base.version, "sha256": module.base.sha256},
        "traces": list(module.traces),
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    kept_out = [f"    {json.dumps(reach_document(lost))}" for lost in reach]
    if kept_out:
        lines += ['  "reach": [', ",\n".join(kept_out), "  ],"]
    accesses = [f"    {json.dumps(_access(access))}" for access in explained(triaged)]
    body = ",\n".join(accesses)
    return "\n".join(["{", *lines, '  "accesses": [', *([body] if body else []), "  ]", "}"]) + "\n"


def reach_document(reach: Reach) -> dict[str, object]:
    """Return rules of the base that do not hold for a new type, as JSON has them."""
    return {
        "new": reach.new,
        "old": reach.old,
        "sources": list(reach.sources),
        "tclass": reach.tclass,
        "perms": list(reach.perms),
        "interface": reach.interface or None,
    }


def read_evidence(text: str) -> ModuleEvidence:
    """Read an evidence.json; raise EvidenceError when TEXT is not one."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise EvidenceError(f"format {document['format']!r} is not {FORMAT}, the one this version reads")
        accesses = tuple(_read_access(item) for item in document["accesses"])
        return ModuleEvidence(str(document["module"]), str(document["domain"]), accesses)
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"not an evidence file: {error}") from error


def _access(access: ExplainedAccess) -> dict[str, object]:
    source, target, tclass, perm = access.key
    document: dict[str, object] = {
        "source": source,
        "target": target,
        "tclass": tclass,
        "perm": perm,
        "cure": access.cure.value,
    }
    if access.id:
        document["id"] = access.id
    if access.reason:
        document["reason"] = access.reason
    document |= {
        "count": access.evidence.count,
        "first": access.evidence.first,
        "last": access.evidence.last,
    }
    if access.cure is not Cure.GRANTED:
        document["uses"] = [
            [use.trace, use.program, use.syscall, use.path, count] for use, count in access.evidence.shown()
        ]
    return document


def _read_access(item: Mapping[str, object]) -> ExplainedAccess:
    uses = tuple(_read_use(use) for use in _list(item.get("uses", [])))
    evidence = Evidence(_int(item["count"]), _int(item["first"]), _int(item["last"]), uses)
    key = (str(item["source"]), str(item["target"]), str(item["tclass"]), str(item["perm"]))
    cure = Cure(str(item["cure"]))
    return ExplainedAccess(key, cure, str(item.get("reason", "")), evidence, str(item.get("id", "")))


def _read_use(item: object) -> tuple[Use, int]:
    trace, program, syscall, path, count = _list(item)
    return Use(str(trace), str(program), str(syscall), str(path)), _int(count)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise EvidenceError("a list is expected")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise EvidenceError("a number is expected")
    return value
