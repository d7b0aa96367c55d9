# SPDX-License-Identifier: GPL-2.0-or-later
"""The committed modules: made from the committed traces, equal in both languages, and enough for what was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from policytool.check.findings import Severity
from policytool.cli.decisions import load_choices
from policytool.daemons import load_daemons
from policytool.generate.candidate import Candidate
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.more_granted import more_granted
from policytool.policy.needed_rules import Standing
from policytool.policy.terule import TeRuleType
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.build import Build, build
from policytool.toolchain.link import Linked
from policytool.traces.bundle.bundle import read_trace, recordings_of
from policytool.workflow.compare import UNCONFINED, compare_policies
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.prove import prove_irreducible
from policytool.workflow.replay import replay_modules
from policytool.workflow.versions import shared_module, versioned
from tests.test_figures import STALE, demo, table

REPOSITORY = Path(__file__).resolve().parent.parent
POLICIES = REPOSITORY / "policies"
BUNDLES = sorted((REPOSITORY / "traces" / "libvirt").iterdir())
NEW = ["virtinterfaced", "virtlxcd", "virtnetworkd", "virtnodedevd", "virtnwfilterd", "virtproxyd", "virtqemud",
       "virtsecretd", "virtstoraged", "virtvboxd", "virtxend"]  # fmt: skip
EXTENDED = ["libvirt_lxc", "libvirtd", "svirt", "virtlockd", "virtlogd"]
EXTENDS = {"libvirt_lxc": "virtd_lxc_t", "libvirtd": "virtd_t"}
DOMAINS = [EXTENDS.get(name, f"{name}_t") for name in (*NEW, *EXTENDED)]
FOLDERS = [POLICIES / name for name in (*NEW, *EXTENDED)]
# What is written once for several of them.
SHARED = "virt_modular"

pytestmark = pytest.mark.base


@pytest.fixture(scope="module")
def observed() -> Observations:
    return Observations().merge(*(read_trace(str(bundle)) for bundle in BUNDLES))


@pytest.fixture(scope="module")
def made(observed: Observations, base: Base) -> Sequence[Candidate]:
    recordings = recordings_of(map(str, BUNDLES))
    choices = load_choices(POLICIES)
    return generate_modules(observed, load_daemons(), DOMAINS, base, choices, shared=SHARED, recordings=recordings)


@pytest.fixture(scope="module")
def modules(base: Base) -> ModuleSet:
    return ModuleSet(FOLDERS, base)


@pytest.fixture(scope="module")
def built(modules: ModuleSet) -> Build:
    return modules.built


def same_base(base: Base) -> bool:
    """Whether the modules were made against the base that is installed here."""
    evidence = json.loads((POLICIES / "virtqemud" / "evidence.json").read_text())
    return bool(evidence["base"]["sha256"] == base.identity.sha256)


def test_every_daemon_of_the_traces_has_a_module(made: Sequence[Candidate]) -> None:
    assert sorted(candidate.daemon.name for candidate in made) == sorted((*NEW, *EXTENDED))
    assert sorted(candidate.daemon.name for candidate in made if candidate.module.extends) == EXTENDED


def test_modules_are_not_stale(made: Sequence[Candidate], base: Base) -> None:
    if not same_base(base):
        pytest.skip("a note: the distribution's base has changed since `make policies`; run it again")
    beside = shared_module(made, POLICIES)
    assert beside
    files = {POLICIES / SHARED / name: text for name, text in beside.files().items()}
    for candidate in made:
        folder = POLICIES / candidate.daemon.name
        now = versioned(candidate, folder, ModuleFormat.BOTH, beside)
        files |= {folder / name: text for name, text in now.files.items()}
    for path, text in files.items():
        assert path.read_text() == text, f"{path} is not what the traces give: make policies"


def test_they_compile_and_link_with_neverallow_rules_on(built: Build) -> None:
    assert [finding for finding in built.findings if finding.severity is Severity.ERROR] == []
    assert [build.format.value for build in built.formats] == ["cil", "refpolicy"]
    assert len(built.sources) == len(FOLDERS)


def test_they_link_where_the_modules_that_a_host_may_lack_are_disabled(
    made: Sequence[Candidate], base: Base, tmp_path: Path
) -> None:
    lacking = {name for candidate in made for block in candidate.module.optionals for name in block.modules}
    # Debian disables numad when it installs its policy.
    assert {"dmidecode", "dnsmasq", "iptables", "lvm", "numad"} <= lacking
    for path in base_cil(base):
        if path.stem not in lacking:
            (tmp_path / path.name).symlink_to(path)
    without = build(FOLDERS, find_base(tmp_path))
    assert without.every_form_links
    assert without.linked
    assert not {"numad_log_t", "dnsmasq_t"} & CompiledPolicy(without.linked.policy).types


def test_both_languages_grant_the_same(built: Build) -> None:
    def rules(policy: CompiledPolicy) -> set[tuple[object, ...]]:
        return {
            (rule.ruletype, source, target, rule.tclass, perm, rule.xperms)
            for rule in policy.rules(where=lambda source, target, _: "virt" in source + target)
            for source in policy.expand(rule.source)
            for target in policy.expand(rule.target)
            for perm in rule.perms or (rule.perm,)
        } | {
            ("type_transition", policy.transition("init_t", f"{name}_exec_t", "process"), attribute)
            for name in NEW
            for attribute in policy.attributes_of(f"{name}_t")
        }

    cil, refpolicy = (CompiledPolicy(of.result.policy) for of in built.formats if isinstance(of.result, Linked))
    assert more_granted(cil, refpolicy) == more_granted(refpolicy, cil) == frozenset()
    assert refpolicy.transitions == cil.transitions
    said, worded = rules(cil), rules(refpolicy)
    assert said <= worded
    # An interface says once more what the base says, and hides what init does not need of a transition.
    assert {kind for kind, *_ in worded - said} <= {TeRuleType.ALLOW, TeRuleType.DONTAUDIT}
    assert {("type_transition", f"{name}_t", "domain") for name in NEW} <= said


def test_nothing_that_was_seen_is_denied(observed: Observations, modules: ModuleSet) -> None:
    result = replay_modules(observed, load_daemons(), modules)
    assert [replayed.vector.key for replayed in result.outcome.of(Verdict.DENIED)] == []
    # Of what was recorded without the modules some is not told, and some nobody has seen in the helper's domain.
    untold = result.outcome.of(Verdict.UNMAPPED)
    assert all(
        replayed.cause.startswith("no path, and not device") or "; not seen in " in replayed.cause
        for replayed in untold
    )
    assert len(untold) < 100
    refused = result.outcome.of(Verdict.REFUSED)
    spare = load_choices(POLICIES).enforced.hidden
    assert spare
    decided = {
        replayed.vector.key[2:]
        for replayed in refused
        if "constrain" not in replayed.cause and replayed.vector.key not in spare
    }
    assert decided == {("capability", "sys_module"), ("process", "execmem")}
    assert not spare.keys() & {replayed.vector.key for replayed in result.outcome.of(Verdict.ALLOWED)}
    # Guests have categories of their own, and a file of a user's keeps its user.
    constrained = {replayed.vector.key[:2] for replayed in refused if "constrain" in replayed.cause}
    assert constrained == {("svirt_t", "svirt_t"), ("svirt_t", "svirt_tmpfs_t"), ("virtqemud_t", "user_home_t")}
    assert len(result.outcome.of(Verdict.ALLOWED)) > 1900


@pytest.mark.parametrize("bundle", ["virtlockd", "virtlxcd", "virtsecretd"])
def test_each_recording_alone_is_allowed_but_for_what_is_not_told(modules: ModuleSet, bundle: str) -> None:
    # virtlockd is the first to make /run/libvirt/common there, a domain of the base.
    seen = read_trace(str(REPOSITORY / "traces" / "libvirt" / bundle))
    outcome = replay_modules(seen, load_daemons(), modules).outcome
    assert outcome.of(Verdict.DENIED) == ()
    assert all(
        "the rule on " in replayed.cause or replayed.cause.endswith("...")
        for replayed in outcome.of(Verdict.UNMAPPED)
    )
    assert outcome.counts[Verdict.UNMAPPED] < 10
    assert outcome.counts[Verdict.ALLOWED] > 150


def test_none_of_their_permissions_can_go_and_none_is_in_excess(
    observed: Observations, modules: ModuleSet, base: Base
) -> None:
    proof, surfaces = prove_irreducible(observed, load_daemons(), modules)
    assert proof.findings == ()
    # What helpers of several daemons do in the base's domains.
    assert not {judged.rule.source for judged in proof.of(Standing.SHARED)} & set(DOMAINS)
    assert len(proof.of(Standing.NEEDED)) > 1400
    assert {part.domain: len(part.excess) for part in surfaces} == dict.fromkeys(DOMAINS, 0)
    if same_base(base):
        figures = table("Rules, and whether each is needed")
        told = {name.split(" ")[0]: (int(row["floor"]), int(row["used"])) for name, row in figures.items()}
        folders = dict(zip(DOMAINS, (*NEW, *EXTENDED), strict=True))
        assert {folders[part.domain]: (part.floor, part.used) for part in surfaces} == told, STALE


def test_a_module_alone_links_and_lacks_only_what_it_names(base: Base) -> None:
    alone = ModuleSet([POLICIES / "virtqemud"], base)
    assert alone.built.linked
    assert not [finding for finding in alone.built.findings if finding.severity is Severity.ERROR]
    (evidence,) = alone.evidence
    assert {need.module for need in evidence.needs} >= {"svirt_extension", "virtnetworkd"}
    seen = read_trace(str(REPOSITORY / "traces" / "libvirt" / "virtproxyd"))
    outcome = replay_modules(seen, load_daemons(), alone).outcome
    assert outcome.of(Verdict.DENIED) == ()
    lacking = {
        replayed.vector.key
        for replayed in outcome.of(Verdict.UNMAPPED)
        if replayed.cause.endswith("which is not here")
    }
    assert ("svirt_t", "virtqemud_t", "fd", "use") in lacking
    assert lacking <= {key for need in evidence.needs for key in need.accesses}


def test_the_surfaces_are_a_small_part_of_libvirtds(modules: ModuleSet, base: Base) -> None:
    result = compare_policies([modules], base, UNCONFINED)
    rows = {compared.row.domain: compared.row for compared in result.rows[: len(FOLDERS)]}
    for name in NEW:
        row = rows[f"{name}_t"]
        assert row.floor < 300
        assert row.floor < row.stored < 1000
        assert row.share < 0.001
        assert not row.permissive
    *_, refpolicy, unconfined = result.rows
    assert (refpolicy.row.domain, unconfined.row.domain) == ("virtd_t", "virtd_t")
    assert 20_000 < refpolicy.row.stored < 30_000
    assert unconfined.row.stored > 1_000_000
    assert unconfined.row.share == 1.0
    if same_base(base):
        # What the demo printed last: domain, triples, all rules, floor, used, excess, types.
        printed = [line.split() for line in demo().splitlines() if re.match(r"\w+_t +\d", line)]
        assert {name: tuple(map(int, figures[:6])) for name, *figures in printed} == {
            name: (row.stored, row.every, row.floor, row.used, row.excess, row.object_types)
            for name, row in rows.items()
            if name != "svirt_t"  # nobody's without being asked for
        }, STALE


def test_others_can_call_the_interfaces(virt_base: Base, tmp_path: Path) -> None:
    calls = "".join(f"virtqemud_{name}(virsh_t)\n" for name in ("domtrans", "stream_connect", "read_state"))
    required = "gen_require(`\n\ttype virsh_t;\n')\n"
    (tmp_path / "caller.te").write_text(f"policy_module(caller, 1.0.0)\n{required}{calls}")
    called = build([tmp_path, POLICIES / "virtqemud"], virt_base, neverallow=False)
    assert [finding for finding in called.findings if finding.severity is Severity.ERROR] == []
    assert called.linked
    policy = CompiledPolicy(called.linked.policy)
    granted = {
        (rule.target, rule.tclass, perm)
        for rule in policy.rules(where=lambda source, target, _: source == "virsh_t" and "virtqemud" in target)
        for perm in rule.perms
    }
    assert {
        ("virtqemud_t", "process", "transition"),
        ("virtqemud_exec_t", "file", "execute"),
        ("virtqemud_t", "unix_stream_socket", "connectto"),
        ("virtqemud_t", "file", "read"),
    } <= granted


def test_every_interface_can_be_called_from_another_module(virt_base: Base, tmp_path: Path) -> None:
    called = [
        name
        for folder in (*FOLDERS, POLICIES / SHARED)
        for file in folder.glob("*.if")
        for name in re.findall(r"^interface\(`(\w+)'", file.read_text(), re.MULTILINE)
    ]
    assert {f"{name}_admin" for name in NEW} <= set(called)
    assert len(called) == len(set(called))
    probe = tmp_path / "probe" / "probe.te"
    probe.parent.mkdir()
    calls = "\n".join(f"{name}(probe_t)" for name in called)
    probe.write_text(f"policy_module(probe, 1.0.0)\ntype probe_t;\ndomain_type(probe_t)\n{calls}\n")
    built = build([*FOLDERS, probe.parent], virt_base)
    errors = [finding for finding in built.findings if finding.severity is Severity.ERROR]
    assert not errors
    assert built.linked
    policy = CompiledPolicy(built.linked.policy)
    rules = policy.rules(where=lambda source, target, _: (source, target) == ("probe_t", "virtqemud_conf_t"))
    granted = {perm for rule in rules if rule.tclass == "file" for perm in rule.perms}
    assert {"read", "unlink", "relabelto"} <= granted
