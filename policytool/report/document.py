# SPDX-License-Identifier: GPL-2.0-or-later
"""The results of the verbs as documents of plain JSON values; renderers are views of them.

Each document but the list of accesses carries `format`, its version: a key may be added
without a new version, never removed or given another meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from policytool.check.findings import Finding
from policytool.generate.candidate import Candidate
from policytool.generate.interface_form import InterfaceForm
from policytool.generate.likely import Likely
from policytool.generate.signs import Sign
from policytool.generate.triage import Cure
from policytool.generate.writers.evidence import (
    ExplainedAccess,
    ModuleEvidence,
    explained,
    proposal_document,
    reach_document,
)
from policytool.model.module import BasePolicy
from policytool.model.observation import Observations
from policytool.model.printable import printable
from policytool.model.refusal import Refusal
from policytool.model.support import Support
from policytool.policy.selinux_error import ErrorKind, JudgedError, classify
from policytool.policy.verdicts import Replay, Replayed, Verdict
from policytool.report.accesses import Document, timestamp, use_document
from policytool.surface.side_by_side import ComparisonRow, NamedRow, SurfaceDiff
from policytool.traces.bundle.manifest import Manifest

FORMAT = 1


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
        "uses": [use_document(use, count) for use, count in vector.evidence.shown()],
    }


def refusal_document(refusal: Refusal, count: int, kind: ErrorKind) -> Document:
    """Return what SELINUX_ERR records tell of ONE refusal, with its verdict."""
    return {
        "verdict": kind.value,
        "op": printable(refusal.op),
        "source": printable(refusal.source),
        "target": printable(refusal.target),
        "tclass": printable(refusal.tclass),
        "old": printable(refusal.old),
        "new": printable(refusal.new),
        "perms": [printable(perm) for perm in refusal.perms],
        "syscall": printable(refusal.syscall),
        "count": count,
    }


def replay_document(
    outcome: Replay, policy: str, traces: Iterable[str], left_out: int, errors: Iterable[JudgedError] = ()
) -> Document:
    """Return the outcome of a replay: the counts of all verdicts, and each access that was not allowed.

    LEFT_OUT counts the observed accesses that the replay was not about; ERRORS are what SELINUX_ERR records tell.
    """
    return {
        "format": FORMAT,
        "verb": "replay",
        "policy": printable(policy),
        "traces": [printable(trace) for trace in traces],
        "counts": {verdict.value: count for verdict, count in outcome.counts.items()},
        "left_out": left_out,
        "accesses": [replayed_document(r) for r in outcome.results if r.verdict is not Verdict.ALLOWED],
        "selinux_errors": [
            refusal_document(error.refusal, error.count, error.kind)
            | {"outcome": error.outcome.value, "cause": printable(error.cause)}
            for error in errors
        ],
    }


def generate_document(made: Iterable[Candidate]) -> Document:
    """Return what `generate` made: a module each, with its accesses by cure."""
    return {"format": FORMAT, "verb": "generate", "modules": [_candidate(candidate) for candidate in made]}


def _candidate(candidate: Candidate) -> Document:
    module = candidate.module
    return {
        "daemon": candidate.daemon.name,
        "module": module.name,
        "version": module.version,
        "domain": module.domain,
        "extends": module.extends,
        "profile": (candidate.form.module if candidate.form else module).profile.value,
        "rules": len(module.every_rule),
        "not_seen": {
            sign.value: sum(likely.signs.strongest is sign for likely in candidate.closed) for sign in Sign
        },
        "added": [_likely(likely) for likely in candidate.closed],
        "passed_over": [_likely(passed.likely) | {"why": passed.why} for passed in candidate.passed_over],
        "accesses": {cure.value: len(candidate.cured(cure)) for cure in Cure if cure is not Cure.PRIVATE_TYPE},
        "programs": [
            {
                "path": printable(program.path),
                "whose": program.whose.value,
                "exec_types": list(program.exec_types),
                "runs_in": list(program.runs_in),
                "callers": [printable(caller) for caller in program.callers],
                "reason": printable(program.reason),
            }
            for program in (candidate.attribution.programs if candidate.attribution else ())
        ],
        "findings": [
            {
                "source": access.key[0],
                "target": access.key[1],
                "tclass": access.key[2],
                "perm": access.key[3],
                "cure": access.cure.value,
                "id": access.id or None,
                "reason": printable(access.reason),
                "count": access.evidence.count,
            }
            for access in explained(candidate.triaged)
            if access.cure not in (Cure.GRANTED, Cure.ALLOW, Cure.TRANSITION)
        ],
        "reach": [reach_document(kept_out) for kept_out in candidate.reach],
        "interfaces": _interfaces(candidate.form) if candidate.form else None,
    }


def _interfaces(form: InterfaceForm) -> Document:
    return {
        "rules": len(form.module.every_rule),
        "transitions": len(form.module.every_transition),
        "calls": [f"{call.macro}({', '.join(call.arguments)})" for call in form.module.every_call],
        "covered": form.rows,
        "excess": [list(access) for access in sorted(form.excess)],
        "gap": form.gap,
    }


def check_document(
    modules: Iterable[str],
    formats: Iterable[str],
    findings: Iterable[Finding],
    base: BasePolicy,
    of_base: Iterable[str] = (),
) -> Document:
    """Return what `check` found in MODULES, which were linked in FORMATS with BASE.

    OF_BASE is what the base breaks of its own neverallow rules.
    """
    return {
        "format": FORMAT,
        "verb": "check",
        "base": {"name": base.name, "version": base.version, "sha256": base.sha256},
        "modules": list(modules),
        "formats": list(formats),
        "findings": [finding_document(finding) for finding in findings],
        "of_base": [printable(broken) for broken in of_base],
    }


def finding_document(finding: Finding) -> Document:
    """Return one finding; `call` and `disabled` are null where there is no interface call, and no such comment."""
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "module": finding.module,
        "file": printable(finding.file),
        "line": finding.line,
        "message": finding.message,
        "hint": finding.hint,
        "call": finding.call or None,
        "disabled": finding.disabled or None,
    }


def explain_document(rule: str, found: Iterable[tuple[ModuleEvidence, ExplainedAccess]]) -> Document:
    """Return the accesses, each with what its module's evidence is, that a RULE is about."""
    return {
        "format": FORMAT,
        "verb": "explain",
        "rule": printable(rule),
        "accesses": [
            {
                "module": printable(file.module),
                "source": access.key[0],
                "target": access.key[1],
                "tclass": access.key[2],
                "perm": access.key[3],
                "cure": access.cure.value,
                "id": access.id or None,
                "reason": printable(access.reason),
                "proposed": [proposal_document(proposal) for proposal in access.proposed],
                "count": access.evidence.count,
                "first": timestamp(access.evidence.first),
                "last": timestamp(access.evidence.last),
                **_supported(access.support, file.scenarios),
                "uses": [use_document(use, count) for use, count in access.evidence.shown()],
            }
            for file, access in found
        ],
    }


def _supported(support: Support | None, scenarios: int) -> Document:
    """Return SUPPORT, of so many SCENARIOS in which the domain was seen; null where the evidence does not tell."""
    return {
        "scenarios": support.scenarios if support else None,
        "of_scenarios": scenarios or None,
        "recordings": (support and support.recordings) or None,
        "at_least": bool(support and not (support.known and support.counted)),
        "only": [printable(name) for name in support.only] if support else [],
        "wrong_input": bool(support and support.on_error),
    }


def trace_document(path: str, manifest: Manifest | None, observations: Observations) -> Document:
    """Return what a trace is and holds; `manifest` is null for a raw log."""
    domains = sorted({vector.source.type_ for vector in observations.vectors})
    return {
        "format": FORMAT,
        "verb": "trace show",
        "trace": printable(path),
        "manifest": _escaped(json.loads(manifest.to_json())) if manifest else None,
        "complete": bool(manifest and manifest.complete),
        "events": observations.events,
        "records": observations.records,
        "hosts": {printable(host): count for host, count in observations.hosts},
        "vectors": len({(vector.key, vector.result) for vector in observations.vectors}),
        "domains": domains,
        "selinux_errors": {printable(op): count for op, count in observations.errors},
        "refusals": [
            refusal_document(refusal, count, classify(refusal)) for refusal, count in observations.refusals
        ],
        "unread": {
            "total": observations.unread_total,
            "kinds": {kind.value: count for kind, count in observations.unread_counts},
            "first": [
                {
                    "place": printable(str(place.location)),
                    "kind": place.kind.value,
                    "text": printable(place.text, 200),
                }
                for place in observations.unread
            ],
        },
    }


def _escaped(value: object) -> object:
    """Return VALUE with every text in it as printable ASCII."""
    if isinstance(value, dict):
        return {printable(str(key)): _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def trace_text(document: Document) -> str:
    """Return a trace_document as lines `key: value`."""
    manifest, unread, domains = document["manifest"], document["unread"], document["domains"]
    shown = {key: document[key] for key in ("records", "events", "vectors", "hosts", "selinux_errors")}
    if isinstance(manifest, dict):
        kept = (
            "name",
            "scenario",
            "recording",
            "selinux",
            "kernel",
            "base",
            "begin",
            "end",
            "lost",
            "daemons",
        )
        shown = {key: manifest[key] for key in kept} | shown
        if left := [log["reduced"]["kept"] for log in manifest["evidence"] if "reduced" in log]:
            shown["reduced"] = f"yes, {len(left)} of {len(manifest['evidence'])} logs, to {sum(left)} records"
        if "redacted" in manifest:
            shown["redacted"] = f"yes, {manifest['redacted']} lines left out that were not understood"
    lines = [str(document["trace"]), *(f"  {key}: {_plain(value)}" for key, value in shown.items())]
    lines.append(f"  domains: {len(domains) if isinstance(domains, list) else 0}")
    if not document["complete"]:
        lines.append("  incomplete: what the policy granted or dontaudit hid may be missing")
    refusals = document["refusals"]
    lines += [f"  refused: {refusal_text(refusal)}" for refusal in refusals] if isinstance(refusals, list) else []
    if isinstance(unread, dict):
        lines.append(f"  not understood: {unread['total']}")
        lines += [f"    {count} x {kind}" for kind, count in unread["kinds"].items()]
        lines += [f"    {place['place']}: {place['kind']}: {place['text']}" for place in unread["first"]]
    return "\n".join(lines) + "\n"


def refusal_text(document: Mapping[str, object]) -> str:
    """Return a refusal_document on one line: verdict, count, and what is not empty of the rest."""
    parts = [f"{document['verdict']} ({document['count']} x {document['op']})"]
    perms = document["perms"]
    shown = {"perms": " ".join(perms) if isinstance(perms, list) else ""}
    shown |= {key: str(document[key]) for key in ("source", "target", "tclass", "old", "new", "syscall")}
    return " ".join([*parts, *(f"{key}={value}" for key, value in shown.items() if value)])


def _plain(value: object) -> str:
    # The texts of a document are escaped already.
    if isinstance(value, dict):
        return ", ".join(f"{key or '-'} {_plain(item)}" for key, item in value.items()) or "none"
    return "unknown" if value is None else str(value)


def compare_document(
    rows: Iterable[NamedRow], changes: Iterable[SurfaceDiff], baseline: str, growth: Iterable[Finding] = ()
) -> Document:
    """Return privilege surfaces side by side, measured against BASELINE, how domains changed, and all that grew."""
    return {
        "format": FORMAT,
        "verb": "compare",
        "baseline": printable(baseline),
        "rows": [{"policy": printable(row.policy), **row_document(row.row)} for row in rows],
        "changes": [diff_document(change) for change in changes],
        "growth": [finding_document(finding) for finding in growth],
    }


def row_document(row: ComparisonRow) -> dict[str, object]:
    """Return ROW as plain values, shares rounded to six digits so that a report is the same everywhere."""
    document: dict[str, object] = {
        "domain": row.domain,
        "triples": {"stored": row.stored, "every": row.every, "floor": row.floor},
        "share": round(row.share, 6),
        "floor_share": round(row.floor_share, 6),
        "rules": row.rules,
        "object_types": row.object_types,
        "capabilities": row.capabilities,
        "transitions": row.transitions,
        "dangers": list(row.dangers),
        "permissive": row.permissive,
    }
    if row.used is not None:
        document |= {"used": row.used, "excess": row.excess}
    return document


def diff_document(difference: SurfaceDiff) -> dict[str, object]:
    """Return a difference as plain values."""
    return {
        "before": difference.before,
        "after": difference.after,
        "grew": difference.grew,
        "added": difference.added,
        "removed": difference.removed,
        "switchable": difference.switchable,
        "permissive": difference.permissive,
        "dangers": list(difference.dangers),
        "changes": [
            {
                "target": change.target,
                "class": change.tclass,
                "added": list(change.added),
                "removed": list(change.removed),
            }
            for change in difference.changes
        ],
    }


def _likely(likely: Likely) -> Document:
    source, target, tclass, perm = likely.vector.key
    return {
        "source": source,
        "target": target,
        "tclass": tclass,
        "perm": perm,
        "chance": round(likely.chance, 5),
        "sign": likely.signs.strongest.value,
        "reason": likely.reason,
    }
