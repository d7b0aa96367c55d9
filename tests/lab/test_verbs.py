# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/verbs.md is what the scenarios, the recorded help and the facts make it, and leaves no command out."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.lab.verbs import (
    HELP,
    TABLE,
    Use,
    by_command,
    load_facts,
    only_refused,
    read_help,
    recorded_help,
    shipped_uses,
    uses,
    write_table,
)

VERSION = "9.0.0"
GROUPS = recorded_help()
COMMANDS = {f"{group.program} {name}" for group in GROUPS for name in group.commands}
USED = by_command(shipped_uses(GROUPS))

SCRIPT = """\
# virsh migrate is not done here
URI=qemu:///system
make() { virsh --readonly net-list && admin virtlogd srv-list; } # virsh dump
refuse virtqemud changed 'Failed' edit 's/a/b/' net-edit lab
step virtqemud save virsh -c qemu:///system start lab
step virtqemud pool-info sh -c 'virsh -q -c "x+unix:///y" vol-list one \\
    --details'
refuse virtqemud none 'not found' virsh dominfo lab
step virtqemud change edit 's/a/b/' edit lab
step virtqemud passed client 'dom-fd-associate lab; start lab'
step virtqemud thrown throw_out virtqemud
"""
HELPERS = """\
throw_out() {
    admin "$1" client-disconnect "$2"
}
other() { virsh reset lab; }
"""


def test_a_script_uses_what_follows_a_program_and_no_name_of_a_step() -> None:
    found = uses("one", SCRIPT, GROUPS, HELPERS)
    assert {(use.program, use.command) for use in found if not use.refused} == {
        ("virsh", "net-list"),
        ("virt-admin", "server-list"),
        ("virsh", "start"),
        ("virsh", "vol-list"),
        ("virsh", "edit"),
        ("virsh", "dom-fd-associate"),
        ("virt-admin", "client-disconnect"),
    }
    assert {use.command for use in found if use.refused} == {"dominfo", "net-edit"}
    assert {(use.program, use.scenario) for use in found if use.refused} == {("virsh", "one")}


def test_a_command_is_only_refused_if_every_use_is_to_be_refused() -> None:
    no, yes = Use("virsh", "list", "a", True), Use("virsh", "list", "b", False)
    assert only_refused([no])
    assert not only_refused([no, yes])
    assert not only_refused([])


def test_scenarios_use_commands_that_there_are() -> None:
    assert set(USED) <= COMMANDS


def test_each_command_is_done_or_has_a_reason_and_no_reason_is_left_over() -> None:
    undone = {key for key in COMMANDS if key not in USED or only_refused(USED[key])}
    assert undone == set(load_facts().why)
    assert set(load_facts().served) <= COMMANDS
    assert {f"virsh {name}" for name in load_facts().containers} <= COMMANDS
    assert set(load_facts().groups) == {f"{group.program} {group.keyword}" for group in GROUPS}


def test_the_table_is_what_the_scenarios_make_it() -> None:
    text = TABLE.read_text("utf-8")
    assert text == write_table(GROUPS, shipped_uses(GROUPS), load_facts()), "renew it: python -m tests.lab.verbs"
    assert "| domfsfreeze | virtqemud | only refused (the guests have no operating system, so no agent): " in text
    assert "| net-port-create | virtnetworkd | virtnetworkd-edit |" in text


@pytest.mark.parametrize("program", HELP)
def test_the_recorded_help_is_that_of_the_program(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if told != VERSION:
        pytest.skip(f"{program} is {told}, recorded is the help of {VERSION}")
    text = subprocess.run([program, "help"], capture_output=True, text=True, check=True).stdout
    assert read_help(program, text) == tuple(group for group in GROUPS if group.program == program)
