# SPDX-License-Identifier: GPL-2.0-or-later
"""Two passes: what is recorded under the skeletons gives the same skeletons, and maps to itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.daemons import load_daemons
from policytool.generate.choices import Choices
from policytool.graph.owners import Owners
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.observation import Observations
from policytool.policy.aliases import without_aliases
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.toolchain.link import link_or_fail
from policytool.traces.bundle.bundle import read_trace
from policytool.workflow.mapping import Mapped
from policytool.workflow.skeletons import Skeletons, make_skeletons
from tests.synthetic import observations, vector

TRACE = Path(__file__).parents[2] / "traces" / "small" / "complete"

GREETER = Daemon("greeterd", "greeterd_t", "greeterd_exec_t", executables=("/usr/sbin/greeterd",))
OWN, HELPER = "/usr/sbin/greeterd", "/usr/sbin/dnsmasq"
FOLDER, CONF, PID = "/run/greeterd", "/run/greeterd/dnsmasq.conf", "/run/greeterd/dnsmasq.pid"

# A made-up daemon whose folder the helper that it runs works in as well.
FIRST = observations(
    vector("init_t", "greeterd_t", "process", "transition", program=OWN),
    vector("greeterd_t", "greeterd_exec_t", "file", "entrypoint", path=OWN, program=OWN),
    vector("greeterd_t", "var_run_t", "dir", "add_name", path=FOLDER, program=OWN),
    vector("greeterd_t", "var_run_t", "dir", "create", path=FOLDER, program=OWN),
    vector("greeterd_t", "var_run_t", "dir", "add_name", path=CONF, program=OWN),
    vector("greeterd_t", "var_run_t", "file", "create", path=CONF, program=OWN),
    vector(
        "greeterd_t", "dnsmasq_exec_t", "file", "execute_no_trans", path=HELPER, program=HELPER, syscall="execve"
    ),
    vector("greeterd_t", "var_run_t", "dir", "add_name", path=PID, program=HELPER),
    vector("greeterd_t", "var_run_t", "file", "create", path=PID, program=HELPER),
)

pytestmark = pytest.mark.base


Pass = tuple[Skeletons, Mapped]


def two_passes(seen: Observations, known: Sequence[Daemon], base: Base) -> tuple[Pass, Pass]:
    """Make skeletons of SEEN, and again of SEEN as recorded under them; each with SEEN mapped."""
    linked = link_or_fail(base, {}, "the base does not link")
    plain = CompiledPolicy(linked.policy)
    seen = without_aliases(seen, plain)
    present = Owners(known, plain.types).present(seen.vectors)
    choices = Choices(transitions=True, private_types=True)
    first = make_skeletons(seen, present, known, base, plain, choices)
    mapped = first.map(seen.vectors)
    again = replace(seen, vectors=tuple(sorted(mapped.every, key=lambda vector: vector.sort_key)))
    second = make_skeletons(again, present, known, base, plain, choices)
    return (first, mapped), (second, second.map(again.vectors))


def declared(module: PolicyModule) -> tuple[object, ...]:
    transitions = {
        (transition.source, transition.target, transition.tclass, transition.default, transition.name)
        for transition in module.transitions
    }
    return module.types, module.roles, transitions, module.file_contexts, module.optionals


def test_a_helper_works_in_the_folder_that_is_the_daemons_own(virt_base: Base) -> None:
    (first, mapped), (second, remapped) = two_passes(FIRST, [GREETER], virt_base)
    module = first.modules["greeterd_t"]
    assert {
        (transition.source, transition.target, transition.tclass, transition.default, transition.name)
        for transition in module.transitions
    } == {
        ("init_t", "greeterd_exec_t", "process", "greeterd_t", ""),
        ("greeterd_t", "dnsmasq_exec_t", "process", "dnsmasq_t", ""),
        ("greeterd_t", "var_run_t", "dir", "greeterd_runtime_t", "greeterd"),
    }
    keys = {vector.key for vector in mapped.every}
    assert ("dnsmasq_t", "greeterd_runtime_t", "file", "create") in keys
    assert ("dnsmasq_t", "greeterd_runtime_t", "dir", "add_name") in keys
    assert ("greeterd_t", "greeterd_runtime_t", "dir", "create") in keys
    assert declared(second.modules["greeterd_t"]) == declared(module)
    assert remapped.moved == ()
    assert {vector.key for vector in remapped.vectors} == keys


def test_the_repositorys_recording_gives_the_same_skeletons_again(virt_base: Base) -> None:
    (first, mapped), (second, remapped) = two_passes(read_trace(str(TRACE)), load_daemons(), virt_base)
    assert {domain: declared(module) for domain, module in second.modules.items()} == {
        domain: declared(module) for domain, module in first.modules.items()
    }
    assert {vector.key for vector in remapped.every} == {vector.key for vector in mapped.every}
