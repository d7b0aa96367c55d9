# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.macros import Expansion, Macro, MacroRule, MacroTable, MacroTransition
from policytool.toolchain.base import Base
from policytool.toolchain.cache import Cache
from policytool.toolchain.link import link_or_fail
from policytool.toolchain.probe import LeftOut
from policytool.workflow.probed_macros import probed_macros

pytestmark = pytest.mark.base

READ_FILE = ("getattr", "ioctl", "lock", "open", "read")


@pytest.fixture(scope="module")
def table(virt_base: Base) -> MacroTable:
    return probed_macros(virt_base)


@pytest.fixture(scope="module")
def policy(virt_base: Base) -> CompiledPolicy:
    return CompiledPolicy(link_or_fail(virt_base, {}, "the base does not link").policy)


def macro(table: MacroTable, name: str) -> Macro:
    return next(found for found in table.macros if found.name == name)


def test_an_interface_grants_what_the_compiler_made_of_it(table: MacroTable) -> None:
    assert macro(table, "files_read_etc_files").rules == (
        MacroRule("$1", "etc_t", "dir", ("getattr", "ioctl", "lock", "open", "read", "search")),
        MacroRule("$1", "etc_t", "file", READ_FILE),
        MacroRule("$1", "etc_t", "lnk_file", ("getattr", "read")),
    )


def test_a_pattern_takes_types(table: MacroTable) -> None:
    assert macro(table, "read_files_pattern").rules == (
        MacroRule("$1", "$2", "dir", ("getattr", "open", "search")),
        MacroRule("$1", "$3", "file", READ_FILE),
    )


def test_a_transition_takes_class_and_name(table: MacroTable) -> None:
    found = macro(table, "files_runtime_filetrans")
    assert found.transitions == (MacroTransition("$1", "var_run_t", "$3", "$2", "$4"),)


def granted(expansion: Expansion, of: Macro, *arguments: str) -> set[tuple[str, str, str, str]]:
    """Return the accesses that a call of OF grants whatever the booleans."""
    places = expansion.granted(of, arguments)
    return {(*place, perm) for place, rule in places if not rule.conditional for perm in rule.perms}


def test_other_domains_are_granted_something_too(table: MacroTable) -> None:
    assert MacroRule("dnsmasq_t", "$1", "process", ("sigchld",)) in macro(table, "dnsmasq_domtrans").rules


def test_what_is_not_probed_is_counted(table: MacroTable) -> None:
    names = {found.name for found in table.macros}
    # init_daemon_domain has an optional block, dnsmasq_run takes a role, and there is no apache here.
    assert not names & {"init_daemon_domain", "dnsmasq_run", "apache_read_config"}
    assert all(
        table.left_out[reason.value] for reason in (LeftOut.OPTIONAL, LeftOut.NOT_IN_BASE, LeftOut.DEPRECATED)
    )


def test_an_attribute_grants_what_its_rules_say(table: MacroTable, policy: CompiledPolicy) -> None:
    found = macro(table, "files_unconfined")
    assert (found.rules, found.attributes) == ((), (("files_unconfined_type",),))
    wanted = ("virtlogd_t", "etc_t", "file", "write")
    assert wanted in granted(Expansion(table, policy, lambda type_: frozenset()), found, "virtlogd_t")
    held = Expansion(table, policy, lambda type_: frozenset(found.attributes[0]))
    assert not granted(held, found, "virtlogd_t")


def test_a_call_expands_for_its_arguments(table: MacroTable, policy: CompiledPolicy) -> None:
    expansion = Expansion(table, policy, policy.attributes_of)
    made = macro(table, "files_runtime_filetrans")
    arguments = ("virtlogd_t", "virt_runtime_t", "sock_file")
    assert expansion.transitions(made, arguments) == {
        ("virtlogd_t", "var_run_t", "sock_file", "virt_runtime_t", "")
    }
    accesses = granted(expansion, made, *arguments)
    assert ("virtlogd_t", "var_run_t", "dir", "add_name") in accesses
    assert len(accesses) <= expansion.size(made, arguments)


def test_what_a_call_can_stand_for_is_told_by_its_other_ends(table: MacroTable, policy: CompiledPolicy) -> None:
    expansion = Expansion(table, policy, policy.attributes_of)
    assert ("process", "dnsmasq_t", True) in expansion.ends(macro(table, "dnsmasq_domtrans"))
    assert ("process", "dnsmasq_t", False) in expansion.ends(macro(table, "dnsmasq_domtrans"))
    assert {"etc_t", "file_type"} <= expansion.names("etc_t")
    assert expansion.names("nobody_knows_t") == {"nobody_knows_t"}
    for found in table.macros:
        if len(found.parameters) > 1 or found.transitions:
            continue
        ends = expansion.ends(found)
        for (source, target, tclass), _ in expansion.granted(found, ("virtlogd_t",)):
            mine = {(tclass, name, True) for name in (*expansion.names(target), "$1")}
            theirs = {(tclass, name, False) for name in (*expansion.names(source), "$1")}
            wanted = (mine if source == "virtlogd_t" else set()) | (theirs if target == "virtlogd_t" else set())
            assert wanted & ends


def test_the_table_is_the_same_from_the_cache(table: MacroTable, virt_base: Base, tmp_path: Path) -> None:
    assert probed_macros(virt_base) == table
    assert probed_macros(virt_base, cache=Cache(tmp_path)) == table
