# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from policytool.generate.candidate import Candidate
from policytool.generate.needs import needs
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.evidence import read_evidence, write_evidence
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.access import AccessKey, AccessVector
from policytool.model.module import FileKind, Need
from policytool.model.observation import Observations
from policytool.model.own_path import OwnPath, PrivateType
from policytool.model.program import Attribution, Program, Whose
from policytool.model.rules import TypeTransition
from tests.synthetic import BASE, DAEMON, vector

OTHER = replace(DAEMON, name="otherd", domain="otherd_t", exec_type="otherd_exec_t")
SOCKET = PrivateType(
    "otherd_runtime_t", (OwnPath("/run/otherd.sock", FileKind.SOCKET),), (("var_run_t", "sock_file"),), ()
)


def always(asked: AccessVector) -> bool:
    """Say of a base that it denies everything."""
    return True


def needed(
    made: Sequence[Candidate], private: Mapping[str, Sequence[PrivateType]], denied: Callable[[AccessVector], bool]
) -> tuple[Need, ...]:
    return needs(made[0], made, [candidate.module for candidate in made], private, denied)


def candidates(own: Sequence[AccessKey], others: Sequence[AccessKey], *, enters: bool) -> list[Candidate]:
    made = []
    for daemon, keys in ((DAEMON, own), (OTHER, others)):
        triaged = tuple(Triaged(vector(*key), Cure.ALLOW) for key in keys)
        made.append(Candidate(daemon, skeleton(daemon, build(Observations()), BASE, extends=False), triaged))
    entered = Program("greeterd_t", "/usr/sbin/otherd", Whose.SETEXEC, runs_in=("otherd_t",))
    made[0] = replace(made[0], attribution=Attribution("greeterd_t", (entered,) if enters else ()))
    return made


def test_rules_of_what_it_starts_on_what_is_its_own() -> None:
    others = [
        ("otherd_t", "greeterd_t", "fd", "use"),
        ("otherd_t", "greeterd_exec_t", "file", "read"),
        ("otherd_t", "etc_t", "file", "read"),
        ("init_t", "greeterd_t", "process", "transition"),
    ]
    made = candidates([], others, enters=True)
    assert needed(made, {}, always) == (Need("otherd", (others[1], others[0])),)
    # What a domain does that it never starts is that domain's own affair.
    made = candidates([], others, enters=False)
    assert needed(made, {}, always) == ()


def test_labels_of_what_it_opens() -> None:
    own = [
        ("greeterd_t", "otherd_runtime_t", "sock_file", "write"),
        ("greeterd_t", "otherd_runtime_t", "dir", "search"),
    ]
    before = ("greeterd_t", "var_run_t", "sock_file", "write")
    made = candidates(own, [], enters=False)
    assert needed(made, {"otherd_t": [SOCKET]}, always) == (Need("otherd", (before,)),)
    # It has the rule on the base's type as well, so it lacks nothing.
    made = candidates([*own, before], [], enters=False)
    assert needed(made, {"otherd_t": [SOCKET]}, always) == ()
    # Its own labels are no other's.
    assert needed(made, {"greeterd_t": [SOCKET]}, always) == ()


def test_labels_of_the_base_that_it_gives() -> None:
    common = TypeTransition("otherd_t", "var_run_t", "dir", "common_t", "common")
    token = ("greeterd_t", "common_t", "file", "read")
    made = candidates([token], [], enters=False)
    made[1] = replace(made[1], module=replace(made[1].module, transitions=(common,)))
    # What is in the folder has its type; without the neighbour both have that of the place.
    before = ("greeterd_t", "var_run_t", "file", "read")
    assert needed(made, {}, always) == (Need("otherd", (before,)),)
    # It is also what the base grants under the label, but not what it grants without.
    made[0] = replace(made[0], triaged=(Triaged(vector(*token), Cure.GRANTED),))
    assert needed(made, {}, always) == (Need("otherd", (before,)),)
    assert needed(made, {}, lambda asked: False) == ()
    # Entering a domain is no label.
    entered = TypeTransition("otherd_t", "var_run_t", "process", "common_t")
    made[1] = replace(made[1], module=replace(made[1].module, transitions=(entered,)))
    assert needed(made, {}, always) == ()


def test_labels_of_a_daemon_that_no_module_is_made_for() -> None:
    made = candidates([("greeterd_t", "otherd_runtime_t", "sock_file", "write")], [], enters=True)
    skeletons = [candidate.module for candidate in made]
    (need,) = needs(made[0], made[:1], skeletons, {"otherd_t": [SOCKET]}, always)
    assert need == Need("otherd", (("greeterd_t", "var_run_t", "sock_file", "write"),))


def test_they_are_written_and_read() -> None:
    wanted = (
        Need("one", (("greeterd_t", "var_run_t", "sock_file", "write"),)),
        Need("two", (("two_t", "greeterd_t", "fd", "use"), ("two_t", "greeterd_t", "fifo_file", "read"))),
    )
    module = replace(skeleton(DAEMON, build(Observations()), BASE, extends=False), needs=wanted)
    assert read_evidence(write_evidence(module, ())).needs == wanted
    assert "# Needs:  one, for 1 permission\n#         two, for 2 permissions\n" in write_te(module)
    # Any of those that do the same.
    alike = replace(module, needs=(wanted[0], replace(wanted[0], module="three")))
    assert "# Needs:  one, three, for 1 permission\n" in write_te(alike)
