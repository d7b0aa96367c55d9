# SPDX-License-Identifier: GPL-2.0-or-later
"""No access that was seen is without a rule, a cure or a line among what is unmapped.

What was really asked of which object is known from a made-up file system (file_system.py), not from the mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytool.generate.candidate import Candidate
from policytool.generate.choices import Choices
from policytool.generate.triage import Cure
from policytool.generate.writers.cil import write_cil
from policytool.model.module import FileContext, FileKind
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider, Outcome
from policytool.policy.relabel_target import ReplacedType, Retargeted, Skeleton, TargetMap, relabel_targets
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import Base
from policytool.toolchain.link import Linked, link
from policytool.traces.bundle.bundle import read_trace
from policytool.traces.tally.fast_path import tally_blocks
from policytool.traces.tally.tally import Tally
from policytool.traces.tally.telling import told
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.replay import replay_modules
from tests.synthetic import context, vector
from tests.workflow.file_system import OLD, OWN, FileSystem

PRIVATE = "myappd_var_lib_t"
CHOICES = Choices(private_types=True)
CASES = Path(__file__).parent / "cases_synthetic"

CALLS = ("use", "use", "descriptor", "walk", "make", "mkdir", "remove", "move", "link")
NAMES = ("lib", "data", "myapp", "new")


@st.composite
def worlds(draw: st.DrawFn) -> FileSystem:
    """Return a file system after some calls."""
    odds = draw(st.integers(1, 4))
    system = FileSystem(lambda: draw(st.integers(0, odds)) == 0)
    for _ in range(draw(st.integers(1, 12))):
        call = draw(st.sampled_from(CALLS))
        new = f"{draw(st.sampled_from(system.folders()))}/{draw(st.sampled_from(NAMES))}"
        file = draw(st.sampled_from(system.files() or [""]))
        if call == "walk":
            system.walk(draw(st.sampled_from(system.folders())))
        elif call in ("make", "mkdir"):
            system.make(new, "dir" if call == "mkdir" else "file")
        elif file and call == "remove":
            system.remove(draw(st.sampled_from([file, *system.folders()])))
        elif file and call in ("move", "link"):
            system.move(file, new, keep=call == "link")
        elif file:
            (system.use if call == "use" else system.use_descriptor)(file)
    return system


def observed(system: FileSystem) -> Observations:
    tally = Tally("synthetic", complete=True)
    tally_blocks(["\n".join(system.lines).encode()], "synthetic", tally)
    return told(tally.observations())


class NoTransitions:
    def transition(self, source: str, target: str, tclass: str, name: str = "") -> str | None:
        return None


def mapped(seen: Observations) -> Retargeted:
    """Map what was SEEN to a private type of OWN, which was there before."""
    skeleton = Skeleton(
        (FileContext(f"{OWN}(/.*)?", FileKind.ANY, context(PRIVATE)),),
        (ReplacedType(OLD, "", PRIVATE),),
        NoTransitions(),
        NoTransitions(),
        frozenset({"myappd_t"}),
        lambda path: path,
    )
    return relabel_targets(seen.vectors, TargetMap(seen.vectors, skeleton))


def label(entries: Sequence[FileContext], path: str, tclass: str) -> str:
    """Return the type that an object gets at PATH: that of the longest of ENTRIES, folders or single files.

    A new object gets the same: in a folder of ENTRIES it is the folder's, and a single one has a transition.
    """
    for entry in sorted(entries, key=lambda entry: -len(entry.pattern)):
        start = entry.pattern.replace("\\", "").removesuffix("(/.*)?")
        inside = entry.pattern.endswith("(/.*)?") and path.startswith(f"{start}/")
        if inside or (path == start and (entry.kind, tclass) in FITTING):
            return entry.context.type_
    return OLD


FITTING = {(FileKind.ANY, "dir"), (FileKind.ANY, "file"), (FileKind.DIR, "dir"), (FileKind.FILE, "file")}
OWN_FOLDER = (FileContext(f"{OWN}(/.*)?", FileKind.ANY, context(PRIVATE)),)


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_every_access_has_a_rule_on_its_true_type_or_is_listed(system: FileSystem) -> None:
    seen = observed(system)
    assert sum(vector.evidence.count for vector in seen.vectors) == len(system.asked), "no decision is lost"
    result = mapped(seen)
    rules = {(vector.target.type_, vector.tclass, vector.perm) for vector in result.vectors}
    listed = {(unmapped.vector.tclass, unmapped.vector.perm) for unmapped in result.unmapped}
    for asked in system.asked:
        if (asked.tclass, asked.perm) not in listed:
            types = {label(OWN_FOLDER, path, asked.tclass) for path in asked.paths}
            assert any((type_, asked.tclass, asked.perm) in rules for type_ in types), asked
    for tclass, perm in listed:
        assert (OLD, tclass, perm) in rules, "the rule on the old type stays"


def test_most_is_told_where_each_call_has_its_paths() -> None:
    system = FileSystem(lambda: False)
    system.write_items = True
    system.make(f"{OWN}/new", "file")
    system.use(f"{OWN}/data")
    system.use("/var/lib/other/data")
    result = mapped(observed(system))
    assert {unmapped.vector.perm for unmapped in result.unmapped} <= {"search"}
    assert {(vector.target.type_, vector.tclass, vector.perm) for vector in result.vectors} >= {
        (PRIVATE, "dir", "add_name"),
        (PRIVATE, "dir", "write"),
        (PRIVATE, "dir", "search"),
        (PRIVATE, "file", "create"),
        (PRIVATE, "file", "read"),
        (OLD, "file", "read"),
        (OLD, "dir", "search"),
    }
    assert (OLD, "dir", "write") not in {
        (vector.target.type_, vector.tclass, vector.perm) for vector in result.vectors
    }


@pytest.mark.base
@settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_libsepol_grants_each_access_on_its_true_type_or_it_is_listed(small_base: Base, system: FileSystem) -> None:
    if not system.asked:
        return
    (made,) = generate_modules(observed(system), (), ["myappd_t"], small_base, CHOICES)
    linked = link(small_base, {made.module.name: write_cil(made.module)})
    assert isinstance(linked, Linked)
    cured = {
        (triaged.vector.tclass, triaged.vector.perm)
        for triaged in made.triaged
        if triaged.cure not in (Cure.ALLOW, Cure.GRANTED)
    }
    with Decider(CompiledPolicy(linked.policy)) as decider:
        for asked in system.asked:
            if (asked.tclass, asked.perm) in cured:
                continue
            types = {label(made.module.file_contexts, path, asked.tclass) for path in asked.paths}
            assert any(
                decider.decide(vector("myappd_t", type_, asked.tclass, asked.perm)).outcome is Outcome.ALLOWED
                for type_ in types
            ), asked


def allowed(made: Candidate) -> set[str]:
    return {
        f"{rule.target}:{rule.tclass} {perm}"
        for rule in made.module.every_rule
        if rule.source == "myappd_t" and rule.target in (OLD, PRIVATE)
        for perm in rule.perms
    }


OF_FILE = {f"{PRIVATE}:file {perm}" for perm in ("create", "open", "write")}
IN_FOLDER = {f"{PRIVATE}:dir {perm}" for perm in ("add_name", "write")}
SEARCHES = {f"{PRIVATE}:dir search", f"{OLD}:dir search"}


@pytest.mark.base
@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("search-swallowed/in.log", OF_FILE | IN_FOLDER | SEARCHES | {f"{OLD}:file read"}),
        ("search-swallowed/in2.log", OF_FILE | IN_FOLDER | SEARCHES),
        ("privtype-nopath/avc-syscall.log", OF_FILE | IN_FOLDER),
        ("privtype-nopath/avconly.log", OF_FILE | IN_FOLDER),
        ("privtype-nopath/with-path.log", OF_FILE | IN_FOLDER),
    ],
)
def test_cases(small_base: Base, case: str, expected: set[str]) -> None:
    (made,) = generate_modules(read_trace(str(CASES / case)), (), ["myappd_t"], small_base, CHOICES)
    assert allowed(made) == expected


@pytest.mark.base
@pytest.mark.parametrize("log", ["avc-syscall.log", "avconly.log", "with-path.log"])
def test_replay_disagrees_with_rules_on_the_old_type(small_base: Base, tmp_path: Path, log: str) -> None:
    seen = read_trace(str(CASES / "privtype-nopath" / log))
    (made,) = generate_modules(seen, (), ["myappd_t"], small_base, CHOICES)
    folder = tmp_path / "myapp"
    folder.mkdir()
    for name, text in made.files(ModuleFormat.REFPOLICY).items():
        # What was generated when the folder was not told.
        bent = text.replace(f"{PRIVATE}:dir {{ add_name write }}", f"{OLD}:dir {{ add_name write }}")
        (folder / name).write_text(bent)
    outcome = replay_modules(seen, (), ModuleSet([folder], small_base)).outcome
    assert {replayed.vector.key[2:] for replayed in outcome.of(Verdict.DENIED)} == {
        ("dir", "add_name"),
        ("dir", "write"),
    }
