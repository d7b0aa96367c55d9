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
from policytool.model.support import NOT_TOLD, Sample, Support, support

FILE_NAME = "evidence.json"
FORMAT = 1


class EvidenceError(ValueError):
    """A text that is not an evidence.json of a format we know."""


@dataclass(frozen=True, slots=True)
class ExplainedAccess:
    """One (source type, target type, class, permission) with its cure, the cure's reason, and the evidence.

    `id` names an objection that a person may accept, "" if there is none; `proposed` are cures that may
    serve better. `support` says in how many scenarios and recordings it was seen; None where the file does not.
    """

    key: AccessKey
    cure: Cure
    reason: str
    evidence: Evidence
    id: str = ""
    proposed: tuple[Proposal, ...] = ()
    support: Support | None = None


@dataclass(frozen=True, slots=True)
class ModuleEvidence:
    """What an evidence.json holds: the module and the domain it is about, the accesses, sorted, and its needs.

    `scenarios` is the number of those in which the domain was seen, 0 where the file does not tell.
    """

    module: str
    domain: str
    accesses: tuple[ExplainedAccess, ...]
    needs: tuple[Need, ...] = ()
    scenarios: int = 0


def explained(triaged: Iterable[Triaged], sample: Sample = NOT_TOLD) -> tuple[ExplainedAccess, ...]:
    """Join what differs in contexts or results only, as seen in SAMPLE; sorted by key and cure."""
    groups: dict[tuple[AccessKey, Cure, str, str], list[Triaged]] = {}
    for access in triaged:
        groups.setdefault((access.vector.key, access.cure, access.reason, access.id), []).append(access)
    found = []
    for (key, cure, reason, id_), group in sorted(groups.items()):
        evidence = merge_evidence(access.vector for access in group)
        proposed = tuple(sorted({proposal for access in group for proposal in access.proposed}))
        found.append(ExplainedAccess(key, cure, reason, evidence, id_, proposed, support(evidence, sample)))
    return tuple(found)


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
        "scenarios": len(module.scenarios),
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
    accesses = [f"    {json.dumps(_access(access))}" for access in explained(triaged, module.sample)]
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
        scenarios = _int(document.get("scenarios", 0))
        return ModuleEvidence(str(document["module"]), str(document["domain"]), accesses, needs, scenarios)
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
    if access.support:
        document |= support_document(access.support)
    if access.cure is not Cure.GRANTED:
        document["uses"] = [
            [use.trace, use.program, use.syscall, use.path, count] for use, count in access.evidence.shown()
        ]
    return document


def support_document(support: Support) -> dict[str, object]:
    """Return SUPPORT as JSON has it; since when is said by the evidence."""
    document: dict[str, object] = {"scenarios": support.scenarios}
    if support.recordings:
        document["recordings"] = support.recordings
    if support.only:
        document["only"] = list(support.only)
    if support.on_error:
        document["wrong_input"] = True
    unsure = [name for name, known in (("scenarios", support.known), ("recordings", support.counted)) if not known]
    if unsure:
        document["at_least"] = unsure
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
    id_, reason = str(item.get("id", "")), str(item.get("reason", ""))
    return ExplainedAccess(key, cure, reason, evidence, id_, proposed, _read_support(item, evidence.first))


def _read_support(item: Mapping[str, object], since: int) -> Support | None:
    if "scenarios" not in item:
        return None
    only = tuple(str(name) for name in _list(item.get("only", [])))
    unsure = _list(item.get("at_least", []))
    known, counted = ("scenarios" not in unsure, "recordings" not in unsure)
    return Support(_int(item["scenarios"]), _int(item.get("recordings", 0)), since, only, known, counted)


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
