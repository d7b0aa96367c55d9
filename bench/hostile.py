# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs that were invented (synthetic) to fill the memory, and what reading them takes: bench/hostile.py [EVENTS].

Each is written to standard input of `policytool access`, so that none is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

_CALL = (
    "arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7f{0:x} a2=0 a3=0 items=1 ppid=1 pid={0} "
    'auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm="{1}" exe="/bin/{1}"'
)


def _avc(about: str, tail: str = "tcontext=u:object_r:red_t tclass=file") -> str:
    return f"avc:  denied  {{ read }} for  pid=1 {about} scontext=u:r:blue_t {tail}"


def _ended(
    about: str, tail: str = "tcontext=u:object_r:red_t tclass=file", call: str = ""
) -> list[tuple[str, str]]:
    end = [("PROCTITLE", "proctitle=61")]
    return [("AVC", _avc(about, tail)), *([("SYSCALL", call)] if call else []), *end]


# What each event number says: kinds and bodies of its records.
LOGS: dict[str, Callable[[int], list[tuple[str, str]]]] = {
    "paths": lambda n: _ended(f'path="/srv/{n}/x"', call=_CALL.format(n, "a")),
    "programs": lambda n: _ended(f'comm="c{n}"', call=_CALL.format(n, f"c{n}")),
    "paths of 1000 types": lambda n: _ended(f'path="/srv/{n}/x"', f"tcontext=u:object_r:t{n % 1000}_t tclass=file"),
    "types": lambda n: _ended("", f"tcontext=u:object_r:t{n}_t tclass=file"),
    "commands": lambda n: _ended(f"ioctlcmd=0x{n:x}"),
    "events without an end": lambda n: [("AVC", _avc(f'path="/srv/{n}/x"'))],
    "one event": lambda n: [("AVC", _avc(f'path="/srv/{n}/x"'))],
    "long records": lambda n: [("AVC", _avc(f'path="/{n}{"x" * 8000}"')), ("SYSCALL", _CALL.format(n, "y" * 900))],
    "user space": lambda n: [("USER_AVC", f"pid={n} msg='{_avc(f'spid={n} dest=:1.{n}')} exe=\"/bin/dbus\"'")],
    "errors": lambda n: [("SELINUX_ERR", f"op=bounds{n} x=y")],
    "garbage": lambda n: [],
}


def lines(name: str, events: int) -> Iterator[bytes]:
    """Yield the log called NAME, a thousand events at a time."""
    make = LOGS[name]
    for begin in range(0, events, 1000):
        made = []
        for number in range(begin, min(begin + 1000, events)):
            stamp = (
                "1700000000.000:1"
                if name == "one event"
                else f"{1700000000 + number // 9}.{number % 9:03}:{number}"
            )
            made += [f"type={kind} msg=audit({stamp}): {body}\n" for kind, body in make(number)] or [f"{number}?\n"]
        yield "".join(made).encode()


def main() -> None:
    """Print a table of sizes, times and resident sizes."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{'synthetic log':<24}{'MB':>6}{'s':>8}{'MiB resident':>14}  exit")
    for name in LOGS:
        begin = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "policytool", "access", "--json", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        size = 0
        assert child.stdin is not None and child.stderr is not None  # noqa: S101, PT018
        try:
            for block in lines(name, events // 10 if name == "long records" else events):
                child.stdin.write(block)
                size += len(block)
            child.stdin.close()
        except BrokenPipeError:
            pass  # It has had enough, and says so.
        said = child.stderr.read().decode().strip()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        resident = usage.ru_maxrss / 1024
        print(f"{name:<24}{size / 1e6:6.0f}{seconds:8.1f}{resident:14.0f}  {child.returncode} {said[:100]}")


if __name__ == "__main__":
    main()
