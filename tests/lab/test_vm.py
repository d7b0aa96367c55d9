# SPDX-License-Identifier: GPL-2.0-or-later
"""The watch over a machine, with a program in QEMU's place that behaves as machines do."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from policytool.lab import vm
from policytool.lab.accelerator import TCG, XEN_TCG, boot_sector
from policytool.lab.vm import Lost, LostVmError, Machine, command, kernel_line, run_machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    kernel, initrd, disk, payload, results = (
        tmp_path / name for name in ("vmlinuz", "initrd", "disk", "payload", "results")
    )
    return Machine(kernel, initrd, disk, payload, results, enforcing=True, accelerator=TCG)


def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "qemu-system-x86_64"
    program.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_the_machine_has_no_network_and_its_payload_is_read_only(machine: Machine, tmp_path: Path) -> None:
    words = [str(word) for word in command(machine, tmp_path)]
    assert words[words.index("-nic") + 1] == "none"
    assert "-no-reboot" in words
    drives = [words[index + 1] for index, word in enumerate(words) if word == "-drive"]
    assert ["readonly=on" in drive for drive in drives] == [False, True, False]
    assert kernel_line(enforcing=True).split().count("enforcing=1") == 1
    assert "enforcing=0" in kernel_line(enforcing=False)


def test_a_hypervisor_starts_the_kernel_and_takes_the_serial_port(machine: Machine, tmp_path: Path) -> None:
    xen = replace(machine, hypervisor=tmp_path / "xen", accelerator=XEN_TCG)
    words = [str(word) for word in command(xen, tmp_path)]
    assert words[words.index("-kernel") + 1] == str(tmp_path / "xen")
    assert "console=com1" in words[words.index("-append") + 1]
    kernel, initrd = words[words.index("-initrd") + 1].split(",")
    assert kernel == f"{machine.kernel} {kernel_line(enforcing=True, console='hvc0')}"
    assert initrd == str(machine.initrd)
    assert "ttyS0" not in kernel


def test_a_machine_that_ends_well(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu(tmp_path, monkeypatch, "printf 'BOOTED 6.1\\nSCENARIO s\\nSTEP d n FAIL\\nDONE 0\\n' >status.log")
    told: list[str] = []
    status = run_machine(machine, tmp_path, told.append, 20)
    assert [step.ok for step in status.steps] == [False]
    assert told[0] == "BOOTED 6.1"


def test_a_scenario_may_restart_the_machine(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "printf 'BOOTED 6.1\\nNOTE lost-before 1\\nSTEP d one ok\\nNOTE lost-after 3\\nREBOOT\\n' >>status.log"
    second = "printf 'BOOTED 6.1\\nNOTE lost-before 0\\nSTEP d two ok\\nNOTE lost-after 5\\nDONE 0\\n' >>status.log"
    qemu(tmp_path, monkeypatch, f"if [ -e again ]; then {second}; else touch again; {first}; fi")
    status = run_machine(machine, tmp_path, lambda _: None, 20)
    assert [step.name for step in status.steps] == ["one", "two"]
    assert (status.boots, status.reboots, status.lost) == (2, 1, 7)


def test_a_machine_that_ends_in_its_second_boot_is_lost(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    qemu(tmp_path, monkeypatch, "[ -e again ] || printf 'BOOTED 6.1\\nREBOOT\\n' >>status.log; touch again")
    with pytest.raises(LostVmError, match="powered off before it was done"):
        run_machine(machine, tmp_path, lambda _: None, 20)


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("exit 3", Lost.ENDED, "status 3"),
        ("echo 'Kernel panic - not syncing: Attempted to kill init' >console.log", Lost.PANIC, "kill init"),
        ("echo 'You are in emergency mode' >console.log", Lost.BOOT, "before the runner"),
        ("printf 'BOOTED 6\\nDONE 8\\n' >status.log", Lost.FULL, "its disk is full"),
        ("printf 'BOOTED 6\\nDONE 9\\n' >status.log", Lost.ENDED, "payload"),
        (
            "printf 'BOOTED 6\\nSCENARIO s\\nSTEP d n ok\\n' >status.log; exec sleep 60",
            Lost.HANG,
            "after the step n",
        ),
        ("exec sleep 60", Lost.BOOT, "no word of it"),
    ],
)
def test_the_ways_to_lose_a_machine_are_told_apart(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: Lost, words: str
) -> None:
    monkeypatch.setattr(vm, "BOOT_LIMIT", 0.6)
    monkeypatch.setattr(vm, "SILENCE_LIMIT", 0.6)
    qemu(tmp_path, monkeypatch, script)
    with pytest.raises(LostVmError, match=words) as caught:
        run_machine(machine, tmp_path, lambda _: None, 20)
    assert caught.value.kind is kind
    assert str(tmp_path / "console.log") in str(caught.value)


def test_a_boot_sector_is_one() -> None:
    assert len(boot_sector()) == 512
    assert boot_sector()[-2:] == b"\x55\xaa"
