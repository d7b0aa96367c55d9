# SPDX-License-Identifier: GPL-2.0-or-later
"""evidence.json: every access of a daemon with its cure and its proof; beside each generated module.

It is what `explain` answers from and where `replay` learns which accesses were refused by decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from policytool.generate.kept_out import KeptOut
from policytool.generate.triage import Cure, Triaged
from policytool.graph.permission_graph import merge_evidence
from policytool.model.access import AccessKey, Evidence, Use
from policytool.model.module import Need, PolicyModule
from policytool.model.proposal import Proposal

FILE_NAME = "evidence.json"
FORMAT = 1


class EvidenceError(ValueError):
    """A text that is not an evidence.json of a format we know."""


@dataclass(frozen=True, slots=True)
class ExplainedAccess:
    """One (source type, target type, class, permission) with its cure, the cure's reason, and the evidence.

    `id` names an objection that a person may accept, "" if there is none; `proposed` are cures that may
    serve better.
    """

    key: AccessKey
    cure: Cure
    reason: str
    evidence: Evidence
    id: str = ""
    proposed: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleEvidence:
    """What an evidence.json holds: the module and the domain it is about, the accesses, sorted, and its needs."""

    module: str
    domain: str
    accesses: tuple[ExplainedAccess, ...]
    needs: tuple[Need, ...] = ()


def explained(triaged: Iterable[Triaged]) -> tuple[ExplainedAccess, ...]:
    """Join what differs in contexts or results only; sorted by key and cure."""
    groups: dict[tuple[AccessKey, Cure, str, str], list[Triaged]] = {}
    for access in triaged:
        groups.setdefault((access.vector.key, access.cure, access.reason, access.id), []).append(access)
    return tuple(
        ExplainedAccess(
            key,
            cure,
            reason,
            merge_evidence(access.vector for access in group),
            id_,
            tuple(sorted({proposal for access in group for proposal in access.proposed})),
        )
        for (key, cure, reason, id_), group in sorted(groups.items())
    )


def write_evidence(module: PolicyModule, triaged: Iterable[Triaged], reach: Iterable[KeptOut] = ()) -> str:
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
    needs = [
        f"    {json.dumps({'module': need.module, 'accesses': [list(key) for key in need.accesses]})}"
        for need in module.needs
    ]
    if needs:
        lines += ['  "needs": [', ",\n".join(needs), "  ],"]
    accesses = [f"    {json.dumps(_access(access))}" for access in explained(triaged)]
    body = ",\n".join(accesses)
    return "\n".join(["{", *lines, '  "accesses": [', *([body] if body else []), "  ]", "}"]) + "\n"


def reach_document(reach: KeptOut) -> dict[str, object]:
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
        needs = tuple(_read_need(item) for item in document.get("needs", []))
        return ModuleEvidence(str(document["module"]), str(document["domain"]), accesses, needs)
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
    if access.proposed:
        document["proposed"] = [proposal_document(proposal) for proposal in access.proposed]
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


def proposal_document(proposal: Proposal) -> dict[str, str]:
    """Return a proposal as JSON has it: what is not said is left out, and so is `new`, which is in `what`."""
    return {name: text for name, text in asdict(proposal).items() if text and name != "new"}


def _read_proposal(item: object) -> Proposal:
    if not isinstance(item, dict):
        raise EvidenceError("a proposal is expected")
    what, why, takes, against = (str(item.get(name, "")) for name in ("what", "why", "takes", "against"))
    return Proposal(Cure(str(item["cure"])), what, why, takes, against)


def _read_access(item: Mapping[str, object]) -> ExplainedAccess:
    uses = tuple(_read_use(use) for use in _list(item.get("uses", [])))
    evidence = Evidence(_int(item["count"]), _int(item["first"]), _int(item["last"]), uses)
    key = (str(item["source"]), str(item["target"]), str(item["tclass"]), str(item["perm"]))
    cure = Cure(str(item["cure"]))
    proposed = tuple(_read_proposal(proposal) for proposal in _list(item.get("proposed", [])))
    return ExplainedAccess(key, cure, str(item.get("reason", "")), evidence, str(item.get("id", "")), proposed)


def _read_need(item: Mapping[str, object]) -> Need:
    keys = []
    for key in _list(item["accesses"]):
        source, target, tclass, perm = (str(part) for part in _list(key))
        keys.append((source, target, tclass, perm))
    return Need(str(item["module"]), tuple(keys))


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
