# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a machine's counts, and of what it needs to count, without a machine. Synthetic."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from policytool.errors import ToolFailedError
from policytool.lab.call_recording import copy_counter, named_table
from policytool.lab.image import Image
from policytool.lab.session import Session
from policytool.lab.status import Status
from policytool.traces.tally.system_calls import SystemCall

EXEC = (
    "type=SYSCALL msg=audit(1700000000.000:1): arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 "
    "items=2 ppid=1 pid=393 auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) "
    'ses=4294967295 comm="greeterd" exe="/usr/sbin/greeterd" subj=system_u:system_r:greeter_t:s0 key="policytool"\n'
)
COUNTS = {
    "format": 1,
    "machine": "x86_64",
    "lost": 2,
    "calls": [[222, 0, 7, 0, 9, 0, 0, 0, 5], [58, 0, 7, 0, 11, 0, 0, 0, 4]],
    "execs": [[393, 222, 7, 9, 1]],
}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    (tmp_path / "libvirt-version").write_text("9.0.0\n")
    (tmp_path / "policy-version").write_text("2:1.0-1")
    return Image(tmp_path, "key")


def session(folder: Path, lost: str = "0", counts: object = COUNTS) -> Session:
    log = folder / "results/log/audit/audit.log"
    log.parent.mkdir(parents=True)
    log.write_text(EXEC)
    if counts:
        there = folder / "results/lib/policytool"
        there.mkdir(parents=True)
        (there / "calls.json").write_text(json.dumps(counts))
    status = Status()
    lines = ("BOOTED 6.1.0-lab", "NOTE lost-before 0", "SCENARIO greet", f"NOTE lost-after {lost}", "DONE 0")
    for line in lines:
        status.read(line)
    return Session(status, log, folder, 1.0)


def test_the_machines_counts_get_their_names(tmp_path: Path, image: Image) -> None:
    table = named_table(session(tmp_path), {"greeter_t"}, image)
    assert table.counted == {SystemCall("greeter_t", "/usr/sbin/greeterd", "read", "", ""): 5}
    assert (table.lost, table.unknown) == (2, 4)
    assert table.architectures == {"x86_64"}
    assert table.about["scenarios"] == "greet"
    assert table.about["kernel"] == "6.1.0-lab"


def test_a_machine_that_counted_nothing_is_an_error(tmp_path: Path, image: Image) -> None:
    with pytest.raises(ToolFailedError, match="has not counted calls"):
        named_table(session(tmp_path, counts=None), {"greeter_t"}, image)


def test_lost_audit_records_are_an_error(tmp_path: Path, image: Image) -> None:
    with pytest.raises(ToolFailedError, match="3 audit records are lost"):
        named_table(session(tmp_path, lost="3"), {"greeter_t"}, image)


def test_the_counter_needs_nothing_but_python_in_the_machine(tmp_path: Path) -> None:
    folder = copy_counter(tmp_path / "python")
    program = (
        f"import sys; sys.path = [{str(folder)!r}, *(p for p in sys.path if 'site-packages' not in p)]\n"
        "import policytool.recorder.call_counter as counter\n"
        f"assert counter.__file__.startswith({str(folder)!r})"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
