# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.generate.enforced_runs import EnforcedRuns
from policytool.generate.exact import exact
from policytool.generate.objections import Objection
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Criteria, Cure, Triaged, triage, triage_moved
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.evidence import explained, read_evidence, write_evidence
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.access import AccessVector, Result
from policytool.model.module import PolicyModule
from policytool.model.program import Helper
from policytool.model.proposal import Proposal
from policytool.policy.decide import Decision, Outcome
from policytool.policy.relabel_source import Moved
from tests.generate.decides import TablePolicy
from tests.synthetic import BASE, DAEMON, GREETER, vector

D = "greeterd_t"
EXECMEM = vector(D, D, "process", "execmem", syscall="mmap")
READ = vector(D, "etc_t", "file", "read")
TYPES = frozenset({"init_t", "etc_t", "tool_t", "tool_exec_t"})


def refuses(vector: AccessVector) -> Objection | None:
    return Objection("R-execmem", "it runs code") if vector.perm == "execmem" else None


def cures(*vectors: AccessVector, policy: TablePolicy | None = None, **by: object) -> dict[str, Triaged]:
    found = triage(vectors, policy or TablePolicy(), Criteria(**by))  # type: ignore[arg-type]
    return {triaged.vector.perm: triaged for triaged in found}


def module(*triaged: Triaged) -> PolicyModule:
    helper = Helper("tool_exec_t", "tool_t", ("/usr/sbin/tool",))
    return exact(skeleton(DAEMON, build(GREETER), BASE, extends=False, helpers=[helper]), triaged, TYPES)


def test_a_refusal_is_no_rule_and_is_named() -> None:
    found = cures(EXECMEM, READ, objection=refuses)
    assert (found["execmem"].cure, found["execmem"].id) == (Cure.REFUSED, "R-execmem")
    assert found["read"].cure is Cure.ALLOW
    made = module(*found.values())
    assert not any("execmem" in rule.perms for rule in made.every_rule)
    line = "refused R-execmem: greeterd_t greeterd_t:process execmem: it runs code"
    assert f"# {line}\n" in write_te(made)
    assert f"; not allowed here: {line}\n" in write_cil(made)


def test_an_acceptance_makes_it_a_rule_that_names_it() -> None:
    found = cures(EXECMEM, objection=refuses, accepted={"R-execmem": "it is an emulator"})
    made = module(*found.values())
    assert "# R-execmem is accepted: it is an emulator\n" in write_te(made)
    assert "allow greeterd_t self:process execmem;\n" in write_te(made)


def test_what_the_base_grants_is_never_refused() -> None:
    found = cures(EXECMEM, policy=TablePolicy(frozenset({EXECMEM.key})), objection=refuses)
    assert found["execmem"].cure is Cure.GRANTED


def test_a_boolean_is_proposed_on_request() -> None:
    policy = TablePolicy(decisions={READ.key: Decision(Outcome.DENIED_BOOLEAN, "greet=1")})
    plain, left = cures(READ, policy=policy)["read"], cures(READ, policy=policy, prefer_booleans=True)["read"]
    assert (plain.cure, plain.reason) == (Cure.ALLOW, "a boolean would grant it: greet=1")
    assert (left.cure, left.reason) == (Cure.BOOLEAN, "a boolean grants it: greet=1")
    assert "# boolean: greeterd_t etc_t:file read: a boolean grants it: greet=1\n" in write_te(module(left))


def test_what_an_enforced_run_passed_without_is_not_logged() -> None:
    found = cures(READ, enforced=EnforcedRuns({READ.key: "an enforced run passed without it"}))
    assert found["read"].cure is Cure.DONTAUDIT
    made = module(*found.values())
    assert "dontaudit greeterd_t etc_t:file read;\n" in write_te(made)
    assert "(dontaudit greeterd_t etc_t (file (read)))\n" in write_cil(made)
    assert not made.every_rule


def test_a_rule_says_which_step_fails_without_it() -> None:
    runs = EnforcedRuns(needed={READ.key: "needed: greeterd greet of greeterd-work fails without it"})
    found = cures(READ, enforced=runs)
    assert (found["read"].cure, found["read"].reason) == (Cure.ALLOW, runs.needed[READ.key])


def test_what_a_step_needs_is_never_hidden() -> None:
    hide = Proposal(Cure.DONTAUDIT, "dontaudit greeterd_t etc_t:file read", "others of the base hide it")
    runs = EnforcedRuns(needed={READ.key: "needed: greeterd greet of greeterd-work fails without it"})
    write = frozenset({Cure.DONTAUDIT})
    assert cures(READ, propose=lambda *_: (hide,), write=write)["read"].cure is Cure.DONTAUDIT
    found = cures(READ, propose=lambda *_: (hide,), write=write, enforced=runs)["read"]
    assert (found.cure, found.proposed, found.written) == (Cure.ALLOW, (), None)


MOVED = vector(D, "etc_t", "file", "write", program="/usr/sbin/tool")


def moved(source: str, target: str, tclass: str, perm: str) -> Moved:
    return Moved(vector(source, target, tclass, perm, program="/usr/sbin/tool"), MOVED, "tool runs in tool_t")


def judge(moved: Moved, policy: TablePolicy | None = None) -> list[tuple[Cure, str]]:
    own = triage_moved([moved], policy or TablePolicy(), Criteria(), lambda v: D in v.key[:2])
    return [(each.cure, each.vector.key[0]) for each in own]


def test_what_left_with_a_helper_is_cured_by_the_transition() -> None:
    left = moved("tool_t", "etc_t", "file", "write")
    assert judge(left, TablePolicy(frozenset({left.vector.key}))) == [(Cure.TRANSITION, D)]


def test_what_a_helper_does_to_the_daemon_is_the_daemons_to_allow() -> None:
    assert judge(moved("tool_t", D, "fd", "use")) == [(Cure.TRANSITION, D), (Cure.ALLOW, "tool_t")]


def test_what_a_helper_would_need_of_the_base_was_never_seen() -> None:
    assert judge(moved("tool_t", "etc_t", "file", "write")) == [(Cure.TRANSITION, D), (Cure.UNMAPPED, "tool_t")]


def test_what_cannot_be_told_under_new_labels_is_unmapped_and_left_all_the_same() -> None:
    left = replace(moved("tool_t", "etc_t", "file", "write"), unmapped="no path names it")
    assert judge(left, TablePolicy(frozenset({left.vector.key}))) == [
        (Cure.TRANSITION, D),
        (Cure.UNMAPPED, "tool_t"),
    ]


def test_what_is_written_instead_of_a_rule_stays_with_the_access_that_was_mapped() -> None:
    better = Proposal(Cure.PRIVATE_TYPE, "type_transition …;", "services share it", new="greeterd_tmp_t")
    criteria = Criteria(propose=lambda *_: (better,), write=frozenset({Cure.PRIVATE_TYPE}))
    left = moved(D, "tmp_t", "file", "create")
    *_, judged = triage_moved([left], TablePolicy(), criteria, lambda _: True)
    assert (judged.cure, judged.written) == (Cure.PRIVATE_TYPE, better)
    assert judged.reason.startswith("tool runs in tool_t; as proposed: ")
    assert triage([left.vector], TablePolicy(), criteria)[0].written == better


def test_what_was_seen_once_is_counted_once() -> None:
    several = [moved(D, "tool_t", "process", perm) for perm in ("transition", "siginh", "rlimitinh")]
    found = explained(triage_moved(several, TablePolicy(), Criteria(), lambda _: True))
    (origin,) = (access for access in found if access.cure is Cure.TRANSITION)
    assert origin.evidence.count == 1


def test_the_transition_and_the_cures_are_written_and_read_back() -> None:
    judged = triage_moved([moved("tool_t", D, "fd", "use")], TablePolicy(), Criteria(), lambda _: True)
    judged += triage([EXECMEM], TablePolicy(), Criteria(objection=refuses))
    made = module(*judged)
    text = write_te(made)
    assert "# a domain of its own: /usr/sbin/tool\ntype_transition greeterd_t tool_exec_t:process tool_t;\n" in text
    assert "\ttype tool_t;\n" in text
    assert "allow tool_t greeterd_t:fd use;\n" in text
    read = {
        (access.key[3], access.cure, access.id) for access in read_evidence(write_evidence(made, judged)).accesses
    }
    assert read == {
        ("write", Cure.TRANSITION, ""),
        ("use", Cure.ALLOW, ""),
        ("execmem", Cure.REFUSED, "R-execmem"),
    }


def test_an_extension_has_a_transition_too() -> None:
    helper = Helper("tool_exec_t", "tool_t", ("/usr/sbin/tool",))
    made = skeleton(DAEMON, build(GREETER), BASE, extends=True, helpers=[helper])
    assert "type_transition greeterd_t tool_exec_t:process tool_t;\n" in write_te(made)
    assert "\ttype greeterd_t;\n" in write_te(made)


def test_a_context_of_another_machine_gets_a_rule_by_its_types_and_a_note() -> None:
    policy = TablePolicy(decisions={READ.key: Decision(Outcome.DENIED_RULE, by_type="no user u")})
    (found,) = triage([READ], policy, Criteria())
    assert (found.cure, found.reason) == (Cure.ALLOW, "no user u")


def test_what_the_base_allows_by_type_and_was_denied_is_decided_by_the_context() -> None:
    policy = TablePolicy(decisions={READ.key: Decision(Outcome.ALLOWED, by_type="no user u")})
    for result, cure in ((Result.DENIED, Cure.UNMAPPED), (Result.GRANTED, Cure.GRANTED)):
        (found,) = triage([replace(READ, result=result)], policy, Criteria())
        assert found.cure is cure
        assert "no user u" in found.reason


def test_an_extension_without_a_rule_says_whether_the_base_grants_all() -> None:
    domain = replace(DAEMON, domain="init_t")
    seen = vector("init_t", "etc_t", "file", "read")
    headers = []
    for outcome in (Outcome.ALLOWED, Outcome.DENIED_CONSTRAINT):
        cured = triage([seen], TablePolicy(decisions={seen.key: Decision(outcome)}), Criteria())
        headers.append(write_te(exact(skeleton(domain, build(GREETER), BASE, extends=True), cured, TYPES)))
    assert "The base grants all that was seen" in headers[0]
    assert "No rule can be made of what was seen" in headers[1]
