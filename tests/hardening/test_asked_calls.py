# SPDX-License-Identifier: GPL-2.0-or-later
"""Two recordings of the same scenarios, one of accesses and one of calls, have to agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.calls import shipped
from policytool.model.access import AccessVector
from policytool.model.observation import Observations
from policytool.traces.bundle.bundle import read_trace
from policytool.traces.bundle.call_table import CallTable

ROOT = Path(__file__).parents[2]
# libvirtd has no bundle of accesses of its own.
DAEMONS = [name for name in shipped() if (ROOT / "traces/libvirt" / name).is_dir()]

# audit names the domain after an execve, where the kernel counts the call under the one before it.
COUNTED_ELSEWHERE = {"execve", "execveat"}
# What scenarios run themselves. Bundles that were recorded before these had wrappers have it, tables of later not.
OWN_TOOLS = {
    "/usr/bin/ip",
    "/usr/bin/pgrep",
    "/usr/bin/udevadm",
    "/usr/local/bin/policytool-client",
    "/usr/sbin/setfiles",
}
OPENS = {"open", "openat"}
FILES = {"file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file"}
# Of an open: what its flags must have for an access to be asked.
BY_FLAG = {
    "read": {"O_RDONLY", "O_RDWR"},
    "write": {"O_WRONLY", "O_RDWR", "O_TRUNC"},
    "append": {"O_APPEND"},
    "create": {"O_CREAT"},
    "add_name": {"O_CREAT"},
}


def recorded(vectors: tuple[AccessVector, ...], table: CallTable) -> set[str]:
    """The domains of which both recordings have everything."""
    complete = {vector.source.type_ for vector in vectors if vector.complete and vector.source == vector.target}
    return complete & {call.domain for call in table.counted}


def path_accesses(vectors: tuple[AccessVector, ...], domains: set[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (domain, program, call, permission) of each access to a path."""
    for vector in vectors:
        if vector.source.type_ in domains and vector.tclass in FILES:
            for use, _ in vector.evidence.uses:
                if use.path and use.syscall:
                    yield vector.source.type_, use.program, use.syscall, vector.perm


@pytest.mark.parametrize("daemon", DAEMONS)
def test_each_path_access_has_a_call_of_its_program_that_explains_it(daemon: str) -> None:
    calls = shipped()[daemon]
    assert calls.lost == 0
    # Both have all its scenarios, but the boots are cut otherwise.
    bundles = [path for end in ("", "-*") for path in (ROOT / "traces/libvirt").glob(f"{daemon}{end}")]
    vectors = Observations().merge(*(read_trace(str(path)) for path in bundles)).vectors
    domains = recorded(vectors, calls)
    flags: dict[tuple[str, str, str], set[str]] = {}
    for call in calls.counted:
        flags.setdefault((call.domain, call.program, call.name), set()).update(call.arguments.split("|"))
    accesses = set(path_accesses(vectors, domains))
    assert len(accesses) > 20
    unexplained = {
        (*key, perm)
        for *key, perm in accesses
        if key[1] not in OWN_TOOLS
        and key[2] not in COUNTED_ELSEWHERE
        and (
            tuple(key) not in flags
            or (key[2] in OPENS and perm in BY_FLAG and flags[key[0], key[1], key[2]].isdisjoint(BY_FLAG[perm]))
        )
    }
    assert unexplained == set()
