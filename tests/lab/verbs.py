# SPDX-License-Identifier: GPL-2.0-or-later
"""Which commands of virsh and virt-admin the scenarios use; `python -m tests.lab.verbs` writes docs/verbs.md."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from policytool.lab.scenario import SHIPPED, names

HERE = Path(__file__).parent
TABLE = Path(__file__).parents[2] / "docs" / "verbs.md"
HELP = {"virsh": HERE / "virsh-help.txt", "virt-admin": HERE / "virt-admin-help.txt"}

_GROUP = re.compile(r"^ (?P<title>\S.*) \(help keyword '(?P<keyword>[\w-]+)'\):$")
_COMMAND = re.compile(r"^    (?P<name>[a-z][\w-]*) ")
_STEP = re.compile(r"^\s*(?P<kind>step|refuse) \S+ (?P<name>\"[^\"]*\"|\S+)")
_FUNCTION = re.compile(r"^(?P<name>\w+)\(\) \{(?P<body>.*?)^\}|^(?P<short>\w+)\(\) \{(?P<line>.*)\}$", re.M | re.S)

# What a command follows: the programs by their names and through the functions of scenarios.
_RUNNER = re.compile(
    r"(?<![\w/.-])(?:(?P<admin>admin [\w$\"]+|virt-admin)"
    r"|virsh|client|there|nobody|legacy \w+|/usr/bin/virsh|/usr/local/bin/policytool-client|edit '[^']*')"
    r"(?:\s+(?:-q|-r|--quiet|--readonly|(?:-c|--connect)\s+(?:\"[^\"]*\"|'[^']*'|\S+)))*"
    r"\s+['\"]?(?P<verb>[a-z][\w-]*)"
)
# Old names that virt-admin still knows.
_ALIASES = {
    "srv-list": "server-list",
    "srv-threadpool-info": "server-threadpool-info",
    "srv-threadpool-set": "server-threadpool-set",
    "srv-clients-list": "client-list",
    "srv-clients-info": "server-clients-info",
    "srv-clients-set": "server-clients-set",
    "srv-update-tls": "server-update-tls",
}
_MANY = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Commands of PROGRAM that its help has under one title."""

    program: str
    keyword: str
    title: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A command of a program in a scenario; `refused` says that the step wants it refused."""

    program: str
    command: str
    scenario: str
    refused: bool


def read_help(program: str, text: str) -> tuple[Group, ...]:
    """Return the groups of commands in TEXT, what `PROGRAM help` prints."""
    groups: list[Group] = []
    for line in text.splitlines():
        if head := _GROUP.match(line):
            groups.append(Group(program, head["keyword"], head["title"], ()))
        elif found := _COMMAND.match(line):
            last = groups.pop()
            groups.append(Group(program, last.keyword, last.title, (*last.commands, found["name"])))
    return tuple(groups)


def recorded_help() -> tuple[Group, ...]:
    """Return the groups of both programs as they were recorded."""
    return tuple(group for program, path in HELP.items() for group in read_help(program, path.read_text("utf-8")))


def uses(scenario: str, text: str, known: Iterable[Group], helpers: str = "") -> frozenset[Use]:
    """Return the commands that the scenario named SCENARIO, whose script is TEXT, runs.

    HELPERS is the script of functions that it has besides its own. A command is what follows a program, and any
    word with a hyphen that is one; neither comments nor the names of steps count.
    """
    commands = {name: group.program for group in known for name in group.commands if "-" in name}
    found = set()
    for line in _lines(text):
        step = _STEP.match(line)
        rest = line[step.end() :] if step else line
        refused = step is not None and step["kind"] == "refuse"
        found |= {Use(*called, scenario, refused) for called in _commands(rest, commands)}
    called = set(re.findall(r"[\w-]+", "\n".join(_lines(text))))
    for function in _FUNCTION.finditer(helpers):
        if (function["name"] or function["short"]) in called:
            body = "\n".join(_lines(function["body"] or function["line"]))
            found |= {Use(*called, scenario, False) for called in _commands(body, commands)}
    return frozenset(found)


def _lines(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    return [re.sub(r"(?:^|\s)#\s.*$", "", line) for line in joined.splitlines()]


def _commands(text: str, hyphened: Mapping[str, str]) -> set[tuple[str, str]]:
    found = set()
    for match in _RUNNER.finditer(text):
        found.add(("virt-admin" if match["admin"] else "virsh", _ALIASES.get(match["verb"], match["verb"])))
    for word in re.findall(r"[a-z][\w-]*", text):
        if word in hyphened:
            found.add((hyphened[word], word))
    return found


def shipped_uses(known: Iterable[Group]) -> frozenset[Use]:
    """Return what the shipped scenarios run."""
    groups, helpers = tuple(known), (SHIPPED / "steps").read_text("utf-8")
    scripts = {name: (SHIPPED / f"{name}.sh").read_text("utf-8") for name in names()}
    return frozenset(use for name, text in scripts.items() for use in uses(name, text, groups, helpers))


@dataclass(frozen=True, slots=True)
class Facts:
    """What no scenario can tell: who serves a command, and why one is in none or only ever refused."""

    groups: Mapping[str, str]
    served: Mapping[str, str]
    containers: frozenset[str]
    why: Mapping[str, str]


def load_facts() -> Facts:
    """Return the facts in verbs.toml; a reason may stand for several commands."""
    data = tomllib.loads((HERE / "verbs.toml").read_text("utf-8"))
    why = {f"{reason['program']} {name}": reason["why"] for reason in data["reason"] for name in reason["commands"]}
    return Facts(data["groups"], data["served"], frozenset(data["containers"]), why)


def by_command(found: Iterable[Use]) -> dict[str, list[Use]]:
    """Return uses by `PROGRAM COMMAND`, in order."""
    every: dict[str, list[Use]] = {}
    for use in sorted(found):
        every.setdefault(f"{use.program} {use.command}", []).append(use)
    return every


def only_refused(found: Iterable[Use]) -> bool:
    """Say whether all of the uses FOUND are to be refused; False if there is none."""
    every = list(found)
    return bool(every) and all(use.refused for use in every)


def write_table(groups: Iterable[Group], found: Iterable[Use], facts: Facts) -> str:
    """Return the text of docs/verbs.md."""
    used = by_command(found)
    counts = []
    tables = []
    for group in groups:
        keys = [f"{group.program} {name}" for name in group.commands]
        refused = sum(only_refused(used.get(key, ())) for key in keys)
        none = sum(key not in used for key in keys)
        title = f"{group.program}: {group.title}"
        counts.append(f"| {title} | {len(keys)} | {len(keys) - refused - none} | {refused} | {none} |")
        rows = [_row(group, name, used.get(f"{group.program} {name}", []), facts) for name in group.commands]
        tables.append(f"## {title}\n\n| command | served by | scenarios |\n| --- | --- | --- |\n" + "".join(rows))
    return _HEAD + "\n".join(counts) + "\n\n" + "\n".join(tables)


def _row(group: Group, name: str, found: list[Use], facts: Facts) -> str:
    key = f"{group.program} {name}"
    served = facts.served.get(key, facts.groups[f"{group.program} {group.keyword}"])
    if group.program == "virsh" and name in facts.containers:
        served += ", virtlxcd"
    scenarios = list(dict.fromkeys(use.scenario for use in found))
    listed = ", ".join(scenarios[:_MANY]) + (
        f" and {len(scenarios) - _MANY} more" if len(scenarios) > _MANY else ""
    )
    if not found:
        listed = f"none: {facts.why[key]}"
    elif only_refused(found):
        listed = f"only refused ({facts.why[key]}): {listed}"
    return f"| {name} | {served} | {listed} |\n"


_HEAD = """\
# Verbs of virsh and virt-admin

Every command of libvirt 9.0.0's virsh and virt-admin, in the groups and the order of their help: the daemon that
serves it (virtproxyd passes on each of them), and the scenarios of [the lab](lab.md) that use it. *Only refused*
are commands that scenarios try and the daemon has to refuse, with the reason; *none* says why no scenario has it.

`python -m tests.lab.verbs` writes this file from the scenarios, the recorded help and `tests/lab/verbs.toml`;
a test compares all of them, and the recorded help with that of virsh where there is one of this version.

| group | commands | done | only refused | in none |
| --- | ---: | ---: | ---: | ---: |
"""


if __name__ == "__main__":
    every = recorded_help()
    TABLE.write_text(write_table(every, shipped_uses(every), load_facts()), "utf-8")
