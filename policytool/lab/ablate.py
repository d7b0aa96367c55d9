# SPDX-License-Identifier: GPL-2.0-or-later
"""Which permissions of modules no step needs: enforced runs without them, until that is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from policytool.errors import UsageError
from policytool.lab.ablation import Judged, Necessity, StepName, Trial, judge
from policytool.lab.ablation_plan import plan
from policytool.lab.denials import expected_denials
from policytool.lab.image import Image, Told
from policytool.lab.loaded import loaded_modules, scenario_files
from policytool.lab.machine_policy import LabPolicy, enforce_policy, image_base, without
from policytool.lab.scenario import STEPS
from policytool.lab.scenario_logs import split_by_step
from policytool.lab.session import boot, run_folder
from policytool.lab.verify import batch_key
from policytool.lab.vm import LostVmError
from policytool.model.access import AccessKey, Result
from policytool.policy.cil_rules import read_cil
from policytool.surface.danger import dangerous
from policytool.toolchain.base import Base
from policytool.toolchain.sources import find_sources
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import evidence_files

_LIMIT = 5400.0
_FORMAT = 1

# Takes the place of the scenarios' own file, which it reads under the other name.
_MARKED = Path(__file__).parent / "steps-marked"
_PLAIN = "steps-plain"


class TrialRecord(TypedDict):
    """A trial as it is kept: what was away, steps with whether each was ok, and what of it was denied where."""

    removed: list[AccessKey]
    steps: list[tuple[StepName, bool]]
    denied: list[tuple[tuple[str, str], list[AccessKey]]]
    said: dict[str, list[str]]
    further: list[AccessKey]
    lost: int | None
    seconds: float


class Kept(TypedDict):
    """What the state folder has of one batch; `about` and `scenarios` are hashes."""

    about: str
    scenarios: str
    candidates: list[AccessKey]
    trials: list[TrialRecord]


class Permission(TypedDict):
    """What is known of one permission.

    `verdict` is needed, spare (in all that was planned for it) or open. `step` is the one that needs it, by its
    scenario, daemon and name; `said` is what that step printed without it. `asked` says whether any step asked for
    it in a trial that was clean without it. `batches` are those parts of the plan that were clean without it.
    """

    source: str
    target: str
    tclass: str
    perm: str
    verdict: str
    step: list[str]
    said: list[str]
    asked: bool
    batches: list[str]


class Ablation(TypedDict):
    """The result. `hashes` are sha256, by what they are of.

    `boots` is how many trials each part of the plan took. `further` are denials that only arose without what is
    spare: what the kernel or a program tried instead.
    """

    format: int
    permissions: list[Permission]
    further: list[list[str]]
    boots: dict[str, int]
    hashes: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What all trials of one batch came to: `spare` and `asked` as in `Judged`, `further` as in `Ablation`."""

    spare: frozenset[AccessKey]
    asked: frozenset[AccessKey]
    boots: int
    further: frozenset[AccessKey]


@dataclass(frozen=True, slots=True)
class _Lab:
    """What all trials share."""

    image: Image
    base: Base
    policy: LabPolicy
    expected: frozenset[AccessKey]
    told: Told


def ablate(
    image: Image,
    folders: Sequence[Path],
    payload: Mapping[str, Path],
    wanted: Collection[AccessKey] | None,
    before: Ablation | None,
    state: Path,
    keep: Callable[[Ablation], None],
    told: Told,
    *,
    everywhere: bool = False,
) -> Ablation:
    """Find out which of the permissions WANTED the steps of PAYLOAD need; None: all dangerous ones of the modules.

    Each is tried where the `plan` has it, EVERYWHERE as there. What BEFORE says counts as long as the image, the
    scenarios and what is loaded of the modules are the same: what was tried to its end is not tried again. STATE
    keeps the trials of what was interrupted. KEEP is given what is known after each part of the plan. What one part
    needs is not taken away in the next ones, nor what was found in STATE by a run beside this one.

    What BEFORE says of other permissions stays in the result: modules made since have no rule for what was spare.

    UsageError if one of WANTED is in no rule of the modules. Else errors as of `enforce`.
    """
    sources, _ = find_sources(folders)
    base = image_base(image)
    policy = enforce_policy(base, folders)
    evidence = evidence_files(sources)
    expected = frozenset(expected_denials(evidence))
    lab = _Lab(image, base, policy, expected, told)
    candidates = _candidates(policy, wanted)
    told(f"{len(candidates)} permissions are in doubt")
    state.mkdir(parents=True, exist_ok=True)
    loaded = loaded_modules(folders)
    hashes = {"image": image.key} | {f"loaded {name}": hashed for name, hashed in loaded.items()}
    earlier = before
    if before and any(before["hashes"].get(name) != hashed for name, hashed in hashes.items()):
        told("the modules or the image have changed: what is known of them counts no more")
        before = None
    about = batch_key(image.key, loaded, "")
    known = _needed_before(before)
    found: dict[str, _Outcome] = {}
    planned = plan(candidates, evidence, payload, everywhere=everywhere)
    tried = {part.name: part.doubted for part in planned}
    hashes |= {f"scenarios {part.name}": scenario_files(part.payload) for part in planned}
    for part in planned:
        hashed = hashes[f"scenarios {part.name}"]
        doubted = part.doubted - known.keys() - _needed(state, about).keys()
        if outcome := _before(before, part.name, hashed, doubted):
            told(f"{part.name}: tried already")
            found[part.name] = outcome
            continue
        new: Kept = {"about": about, "scenarios": hashed, "candidates": sorted(doubted), "trials": []}
        # Named after the scenarios too: what others of the same daemon need stays known.
        file = state / f"{part.name.replace(' ', '-')}-{hashed[:12]}.json"
        found[part.name] = _outcome(_batch(lab, part.name, part.payload, new, file))
        keep(_beside(_document(tried, candidates, found, {**_needed(state, about), **known}, hashes), earlier))
    return _beside(_document(tried, candidates, found, {**_needed(state, about), **known}, hashes), earlier)


def read_ablation(text: str) -> Ablation:
    """Read the JSON TEXT of a result; ValueError when it is none."""
    found = json.loads(text)
    if not (isinstance(found, dict) and found.get("format") == _FORMAT and isinstance(found.get("boots"), dict)):
        raise ValueError("it has no boots of format 1")
    return cast("Ablation", found)


def _key(row: Permission) -> AccessKey:
    return row["source"], row["target"], row["tclass"], row["perm"]


def _needed_before(before: Ablation | None) -> Mapping[AccessKey, tuple[StepName, list[str]]]:
    return {
        _key(row): ((row["step"][0], row["step"][1], row["step"][2]), row["said"])
        for row in (before["permissions"] if before else ())
        if row["verdict"] == Necessity.NEEDED
    }


def _before(before: Ablation | None, name: str, scenarios: str, doubted: frozenset[AccessKey]) -> _Outcome | None:
    """Return what BEFORE says of the batch NAME of SCENARIOS, None if it does not say it of all that is DOUBTED."""
    if before is None or before["hashes"].get(f"scenarios {name}") != scenarios or name not in before["boots"]:
        return None
    rows = {_key(row): row for row in before["permissions"]}
    spare = frozenset(key for key, row in rows.items() if name in row["batches"])
    if not doubted <= spare:
        return None
    asked = frozenset(key for key in spare if rows[key]["asked"])
    return _Outcome(spare, asked, before["boots"][name], _keys(before["further"]))


def _outcome(kept: Kept) -> _Outcome:
    judged = _judged(kept)
    further = _keys(kept["trials"][-1]["further"]) if kept["trials"] else frozenset[AccessKey]()
    return _Outcome(judged.spare, judged.asked, len(kept["trials"]), further)


def _candidates(policy: LabPolicy, wanted: Collection[AccessKey] | None) -> frozenset[AccessKey]:
    rules = [rule for name, text in policy.modules.items() for rule in read_cil(name, text).rules]
    held = frozenset(key for rule in rules for key in rule.keys)
    if wanted is None:
        compiled = linked_policy(policy.linked)
        return dangerous(compiled, [key for key in held if {key[0], key[1]} <= compiled.types])
    for source, target, tclass, perm in sorted(frozenset(wanted) - held):
        raise UsageError(f"no rule of the modules grants {source} {target}:{tclass} {perm}")
    return frozenset(wanted)


def _batch(lab: _Lab, name: str, batch: Mapping[str, Path], new: Kept, file: Path) -> Kept:
    """Try one batch until it is known what its steps need, beginning with the trials that FILE keeps of it."""
    kept = _read(file)
    if kept is None or kept["about"] != new["about"] or not _keys(kept["candidates"]) >= _keys(new["candidates"]):
        kept = new
    while True:
        judged = _judged(kept)
        if judged.next is None:
            needed = ", ".join(sorted(f"{key[0]} {key[2]} {key[3]}" for key in judged.needed)) or "nothing"
            boots = len(kept["trials"])
            lab.told(f"{name}: {boots} boots; needs {needed}; all steps pass without {len(judged.spare)}")
            return kept
        lab.told(f"{name}: boot {len(kept['trials']) + 1}, without {len(judged.next)} permissions")
        kept["trials"].append(_run(lab, batch, judged.next))
        aside = file.with_suffix(".new")
        aside.write_text(json.dumps(kept), "utf-8")
        aside.rename(file)


def _judged(kept: Kept) -> Judged:
    return judge(_keys(kept["candidates"]), [_trial(ran) for ran in kept["trials"]])


def _needed(state: Path, about: str) -> Mapping[AccessKey, tuple[StepName, list[str]]]:
    """Return what batches in STATE were found to need, if they are ABOUT the same image and modules.

    For each the step that needs it, and what that printed without it.
    """
    found: dict[AccessKey, tuple[StepName, list[str]]] = {}
    for file in sorted(state.glob("*.json")):
        kept = _read(file)
        if kept and kept["about"] == about:
            for key, step in _judged(kept).needed.items():
                found.setdefault(key, (step, _said(key, step, kept["trials"])))
    return found


def _read(file: Path) -> Kept | None:
    """Return what FILE keeps of a batch, None if it is not there or not whole."""
    try:
        kept: Kept = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and kept.keys() == Kept.__annotations__.keys() else None


def _run(lab: _Lab, batch: Mapping[str, Path], removed: frozenset[AccessKey]) -> TrialRecord:
    """Boot without REMOVED and run the scenarios of BATCH; a machine that is lost is tried once more."""
    policy = without(lab.base, lab.policy, removed)
    payload = {**batch, STEPS: _MARKED, _PLAIN: batch[STEPS]}
    try:
        return _boot(lab, policy, payload, removed)
    except LostVmError as error:
        lab.told(f"{error}; once more")
        return _boot(lab, policy, payload, removed)


def _boot(lab: _Lab, policy: LabPolicy, payload: Mapping[str, Path], removed: frozenset[AccessKey]) -> TrialRecord:
    with run_folder("ablate") as folder:
        session = boot(lab.image, policy, payload, folder, lab.told, enforcing=True, limit=_LIMIT)
        denied: dict[tuple[str, str], set[AccessKey]] = {}
        others: set[AccessKey] = set()
        for place, block in split_by_step(session.audit_log):
            for key in _denied(block):
                if key in removed:
                    denied.setdefault(place, set()).add(key)
                elif {key[0], key[1]} & policy.counted and place[0] != "boot":
                    others.add(key)
    ran = session.status.steps
    return {
        "removed": sorted(removed),
        "steps": [((step.scenario, step.daemon, step.name), step.ok) for step in ran],
        "denied": [(place, sorted(keys)) for place, keys in denied.items()],
        "said": {f"{step.scenario} {step.daemon} {step.name}": list(step.said) for step in ran if not step.ok},
        "further": sorted(others - lab.expected),
        "lost": session.lost,
        "seconds": round(session.seconds, 1),
    }


def _denied(block: bytes) -> Iterable[AccessKey]:
    tally = Tally("audit.log", complete=False)
    tally_blocks([block], "audit.log", tally)
    return {vector.key for vector in tally.observations().vectors if vector.result is Result.DENIED}


def _keys(rows: Iterable[Sequence[str]]) -> frozenset[AccessKey]:
    return frozenset((source, target, tclass, perm) for source, target, tclass, perm in rows)


def _trial(ran: TrialRecord) -> Trial:
    return Trial(
        _keys(ran["removed"]),
        tuple(((step[0], step[1], step[2]), ok) for step, ok in ran["steps"]),
        {(place[0], place[1]): _keys(keys) for place, keys in ran["denied"]},
    )


def _document(
    tried: Mapping[str, frozenset[AccessKey]],
    candidates: frozenset[AccessKey],
    found: Mapping[str, _Outcome],
    needed: Mapping[AccessKey, tuple[StepName, list[str]]],
    hashes: Mapping[str, str],
) -> Ablation:
    permissions: list[Permission] = []
    for key in sorted(candidates):
        clean = [name for name, outcome in found.items() if key in outcome.spare]
        step, said = needed.get(key, ((), []))
        planned = {name for name, doubted in tried.items() if key in doubted}
        spare = Necessity.SPARE if planned and planned.issubset(clean) else Necessity.OPEN
        source, target, tclass, perm = key
        permissions.append(
            {
                "source": source,
                "target": target,
                "tclass": tclass,
                "perm": perm,
                "verdict": Necessity.NEEDED if key in needed else spare,
                "step": list(step),
                "said": said,
                "asked": any(key in outcome.asked for outcome in found.values()),
                "batches": clean,
            }
        )
    further = frozenset[AccessKey]().union(*(outcome.further for outcome in found.values()))
    return {
        "format": _FORMAT,
        "permissions": permissions,
        "further": [list(key) for key in sorted(further)],
        "boots": {name: outcome.boots for name, outcome in found.items()},
        "hashes": dict(hashes),
    }


def _beside(done: Ablation, earlier: Ablation | None) -> Ablation:
    """Return DONE with what EARLIER says of permissions that were not in doubt now.

    What was found spare has no rule in the modules that were made since, and stays spare.
    """
    if earlier is None:
        return done
    new = {_key(row) for row in done["permissions"]}
    rows = [*done["permissions"], *(row for row in earlier["permissions"] if _key(row) not in new)]
    return {
        **done,
        "permissions": sorted(rows, key=_key),
        "boots": {**earlier["boots"], **done["boots"]},
        "hashes": {**earlier["hashes"], **done["hashes"]},
    }


def _said(key: AccessKey, step: Sequence[str], trials: Sequence[TrialRecord]) -> list[str]:
    """Return what STEP printed in the last of TRIALS in which it failed without KEY."""
    name = " ".join(step)
    for trial in reversed(trials):
        if key in _keys(trial["removed"]) and name in trial["said"]:
            return trial["said"][name]
    return []
