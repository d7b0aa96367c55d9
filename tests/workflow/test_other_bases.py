# SPDX-License-Identifier: GPL-2.0-or-later
"""The chain on bases that are not the distribution's default: other types of policy, and other names of types.

`make bases` puts the two that are somebody's policies into build/bases; without them their test is left out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from policytool.check.findings import Severity
from policytool.daemons import load_daemons
from policytool.errors import InputError
from policytool.generate.triage import Cure
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.observation import Observations
from policytool.model.profile import ModuleFormat
from policytool.policy.verdicts import Verdict
from policytool.toolchain.base import Base, find_base
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.compare import UNCONFINED, compare_policies
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.replay import replay_modules, replay_policy
from tests.policy.tiny import POLICIES, compile_cil
from tests.synthetic import observations

REPOSITORY = Path(__file__).resolve().parents[2]
BASES = REPOSITORY / "build" / "bases"
RECORDED = REPOSITORY / "traces" / "small" / "complete"


@pytest.mark.base
@pytest.mark.parametrize("name", ["mls", "redhat"])
def test_a_daemon_under_another_type_of_policy(name: str, tmp_path: Path) -> None:
    if not (BASES / name).is_dir():
        pytest.skip(f"a note: build/bases/{name} is not there; make bases")
    base = find_base(BASES / name)
    seen, known = read_trace(str(RECORDED)), load_daemons()
    (made,) = generate_modules(seen, known, ["virtsecretd_t"], base)
    for file, text in made.files(ModuleFormat.BOTH).items():
        (tmp_path / file).write_text(text)
    modules = ModuleSet([tmp_path], base)
    assert modules.built.linked
    assert [finding for finding in modules.built.findings if finding.severity is Severity.ERROR] == []
    outcome = replay_modules(seen, known, modules).outcome
    assert outcome.of(Verdict.DENIED) == ()
    assert len(outcome.of(Verdict.ALLOWED)) > 100
    compared = compare_policies([modules], base, UNCONFINED)
    module, *_, unconfined = (named.row for named in compared.rows)
    assert (module.domain, unconfined.share) == ("virtsecretd_t", 1.0)
    assert 0 < module.share < 0.001
    # The same policy from a file: it can be asked, and answers alike.
    by_file = replay_policy(seen, modules.policy.path, ["virtsecretd_t"]).outcome
    kept = made.cured(Cure.ALLOW) & {vector.key for vector in seen.vectors}
    assert kept
    assert kept <= {replayed.vector.key for replayed in by_file.of(Verdict.ALLOWED)}


def phone_vector(source: str, target: str, tclass: str, perm: str, *, path: str = "") -> AccessVector:
    subject = SecurityContext("u", "r", source, "s0")
    object_ = SecurityContext("u", "r" if tclass == "process" else "object_r", target, "s0")
    use = Use("synthetic", f"/system/bin/{source}", "", path)
    return AccessVector(subject, object_, tclass, perm, Result.DENIED, True, Evidence(1, 0, 0, ((use, 1),)))


def phone() -> Observations:
    return observations(
        phone_vector("logd", "system_data_file", "file", "open", path="/data/misc/logd/x"),
        phone_vector("logd", "system_data_file", "file", "read", path="/data/misc/logd/x"),
        phone_vector("logd", "system_file", "file", "read"),
        phone_vector("logd", "port", "tcp_socket", "name_connect", path="port 5000"),
        phone_vector("init", "logd", "process", "signal"),
    )


@pytest.fixture
def phone_policy(tmp_path: Path) -> Base:
    return find_base(compile_cil(tmp_path, POLICIES / "phone.cil"))


def test_types_of_any_name_in_a_compiled_policy(phone_policy: Base, tmp_path: Path) -> None:
    (made,) = generate_modules(phone(), load_daemons(), ["logd"], phone_policy)
    assert made.module.extends
    assert (made.module.name, made.module.domain) == ("logd_extension", "logd")
    rules = {(*rule.sort_key, *rule.perms) for rule in made.module.every_rule}
    assert rules == {
        ("logd", "system_data_file", "file", "open", "read"),
        ("logd", "port", "tcp_socket", "name_connect"),
        ("init", "logd", "process", "signal"),
    }
    outcome = replay_policy(phone(), phone_policy.path, []).outcome
    assert {replayed.vector.key[1] for replayed in outcome.of(Verdict.DENIED)} == {
        "system_data_file",
        "port",
        "logd",
    }
    assert build(phone()).domains() == ("init", "logd")
    compared = compare_policies([phone_policy.path], phone_policy, UNCONFINED, ["logd"])
    assert [named.row.domain for named in compared.rows] == ["logd", "su"]
    for file, text in made.files(ModuleFormat.BOTH).items():
        (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match="compiled policy"):
        _ = ModuleSet([tmp_path], phone_policy).built
