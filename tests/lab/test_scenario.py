# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios that are shipped: whole, named after a daemon, and enough of them."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from policytool.errors import UsageError
from policytool.lab.machine_kind import MACHINES, PLAIN, XEN, MachineName
from policytool.lab.scenario import MOST_STEPS, SHIPPED, batches, choose, choose_for, names, steps, thin

# What the Fedora change made of libvirtd.
DAEMONS = {
    "virtinterfaced",
    "virtlockd",
    "virtlogd",
    "virtlxcd",
    "virtnetworkd",
    "virtnodedevd",
    "virtnwfilterd",
    "virtproxyd",
    "virtqemud",
    "virtsecretd",
    "virtstoraged",
    "virtvboxd",
    "virtxend",
}


# Whatever machine they are for.
ALL = [(kind.scenarios, name) for kind in MACHINES.values() for name in names(kind.scenarios)]


# What is about more than one daemon: the machine's restarts, other clients, all of them together, the switch to the
# monolith.
OTHERS = {"boots", "clients", "every", "zz"}


def read(name: str, folder: Path = SHIPPED) -> str:
    return (folder / f"{name}.sh").read_text("utf-8")


def test_every_daemon_has_three_scenarios_and_the_switch_runs_last() -> None:
    counts = Counter(name.split("-")[0] for name in names())
    assert set(counts) - OTHERS == DAEMONS
    assert {name for name, count in counts.items() if count < 3} == {"clients", "zz"}
    assert names()[-1] == "zz-switch"


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_a_scenario_can_be_read_by_a_shell_and_says_what_it_is(folder: Path, name: str) -> None:
    text = read(name, folder)
    lines = text.splitlines()
    assert lines[0] == "# SPDX-License-Identifier: GPL-2.0-or-later"
    assert lines[1].startswith("# ")
    assert ". /mnt/steps" in lines
    done = subprocess.run(["sh", "-n", folder / f"{name}.sh"], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert all((folder / file).is_file() or file == "steps" for file in re.findall(r"/mnt/([\w.-]+)", text))


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_steps_are_of_a_daemon_and_no_two_are_named_alike(folder: Path, name: str) -> None:
    found = re.findall(r"^(?:    )?(?:step|refuse) (\S+) (\S+)", read(name, folder), re.MULTILINE)
    assert {daemon for daemon, _ in found} <= DAEMONS | {"libvirtd"}
    assert max(Counter(found).values()) == 1
    assert steps(name, folder) >= len(found) > 0


def test_the_table_of_the_documentation_counts_what_is_there() -> None:
    text = (Path(__file__).parents[2] / "docs" / "lab.md").read_text("utf-8")
    table = re.findall(r"^\| ([a-z]+)(?: \(thin\))? \| (\d+) \| (\d+) \|", text, re.MULTILINE)
    told = {daemon: (int(scenarios), int(count)) for daemon, scenarios, count in table}
    shipped: dict[str, tuple[int, int]] = {}
    for folder, name in ALL:
        scenarios, count = shipped.get(name.split("-")[0], (0, 0))
        shipped[name.split("-")[0]] = (scenarios + 1, count + steps(name, folder))
    assert told == shipped


def test_only_a_daemon_that_can_do_nothing_here_is_thin() -> None:
    assert {name.split("-")[0] for name in names() if thin(name)} == {"virtvboxd", "virtxend"}
    assert all(thin(name) for name in names() if name.startswith(("virtvboxd-", "virtxend-")))
    assert thin("virtvboxd-start") == "Debian has no VirtualBox, so the daemon can only start and refuse."


def test_every_file_of_a_payload_is_used_and_is_xml_if_it_says_so() -> None:
    scripts = "".join(read(name) for name in names())
    for path in SHIPPED.glob("*.xml"):
        assert f"/mnt/{path.name}" in scripts
        if path.name == "bad.xml":
            with pytest.raises(ElementTree.ParseError):
                ElementTree.parse(path)  # noqa: S314 -- our own file
        else:
            ElementTree.parse(path)  # noqa: S314 -- our own file


def test_a_daemon_names_all_of_its_scenarios_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    files = choose(["virtsecretd"])
    assert {name for name in files if name.endswith(".sh")} == {
        f"{name}.sh" for name in names() if name.startswith("virtsecretd-")
    }
    with pytest.raises(UsageError, match="virtd"):
        choose(["virtd"])
    own = tmp_path / "own.sh"
    own.write_text("step lab nothing true\n")
    assert [name for name in choose([], own) if name.endswith(".sh")] == ["own.sh"]


def test_a_daemon_with_many_steps_gets_several_boots_and_no_scenario_is_lost() -> None:
    payload = choose(())
    whole, parts = batches(payload, 10_000), batches(payload)
    assert set(whole) == DAEMONS | OTHERS
    assert {"virtqemud-2", "virtqemud-3"} <= parts.keys() - whole.keys()
    for found in (whole, parts):
        scenarios = [name for batch in found.values() for name in batch if name.endswith(".sh")]
        assert sorted(scenarios) == [f"{name}.sh" for name in names()]
    counts = [sum(steps(name[:-3]) for name in batch if name.endswith(".sh")) for batch in parts.values()]
    assert max(counts) <= MOST_STEPS
    assert all("steps" in batch for batch in parts.values())
    # Each has what it reads and no more, so that a file more makes no other boot stale.
    assert "boots" in parts["boots"]
    assert "boots" not in parts["every"]
    assert "guest-small.xml" in parts["zz"]


def test_a_scenario_longer_than_a_boot_may_be_has_its_own(tmp_path: Path) -> None:
    for name, count in (("a-one", 1), ("a-two", 9), ("a-zoo", 1)):
        (tmp_path / f"{name}.sh").write_text("step a name true\n" * count)
    found = batches({path.name: path for path in tmp_path.iterdir()}, 3)
    assert {name: list(batch) for name, batch in found.items()} == {
        "a": ["a-one.sh"],
        "a-2": ["a-two.sh"],
        "a-3": ["a-zoo.sh"],
    }


def test_another_machine_has_scenarios_of_its_own_and_the_same_steps() -> None:
    payload = choose((), folder=XEN.scenarios)
    assert {name for name in payload if name.endswith(".sh")} == {f"{name}.sh" for name in names(XEN.scenarios)}
    assert payload["steps"] == SHIPPED / "steps"
    assert "guest-plain.xml" not in payload


def test_each_machine_gets_the_scenarios_that_it_can_run() -> None:
    kinds = [PLAIN, XEN]
    assert [kind.name for kind, _ in choose_for(kinds, ())] == [MachineName.PLAIN, MachineName.XEN]
    ((kind, payload),) = choose_for(kinds, ["xen-guest"])
    assert kind is XEN
    assert [name for name in payload if name.endswith(".sh")] == ["xen-guest.sh"]
    ((kind, _),) = choose_for(kinds, ["virtxend"])
    assert kind is PLAIN
    with pytest.raises(UsageError, match="there is no scenario 'virtd'"):
        choose_for(kinds, ["xen", "virtd"])
