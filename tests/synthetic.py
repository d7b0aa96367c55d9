# SPDX-License-Identifier: GPL-2.0-or-later
"""Synthetic observations, written by hand for the tests; nothing here was recorded."""

from __future__ import annotations

from policytool.model.access import AccessVector, Evidence, Result, Use
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.module import BasePolicy
from policytool.model.observation import Observations

BASE = BasePolicy("synthetic-base", "1.0", "0" * 64)

DAEMON = Daemon(
    name="greeterd",
    domain="greeterd_t",
    exec_type="greeterd_exec_t",
    summary="greeterd, a daemon made up for the tests",
    executables=("/usr/sbin/greeterd", "/usr/bin/greeterd.real"),
    unit="greeterd.service",
    sockets=("/run/greeterd.sock",),
)


def context(type_: str, role: str = "object_r") -> SecurityContext:
    return SecurityContext("system_u", role, type_, "s0")


def vector(
    source: str,
    target: str,
    tclass: str,
    perm: str,
    *,
    count: int = 1,
    program: str = "/usr/sbin/greeterd",
    syscall: str = "openat",
    path: str = "",
    trace: str = "synthetic/one",
    xperms: frozenset[int] = frozenset(),
    unlisted: int = 0,
    complete: bool = True,
    result: Result = Result.GRANTED,
) -> AccessVector:
    process = target.endswith("d_t") and target != "unlabeled_t"
    role = "system_r" if process or target == "init_t" else "object_r"
    return AccessVector(
        source=context(source, "system_r"),
        target=context(target, role),
        tclass=tclass,
        perm=perm,
        result=result,
        permissive=None if result is Result.GRANTED else True,
        evidence=Evidence(count, 1000, 2000 + count, ((Use(trace, program, syscall, path), count),)),
        xperms=xperms,
        unlisted=unlisted,
        complete=complete,
    )


def observations(*vectors: AccessVector) -> Observations:
    ordered = tuple(sorted(vectors, key=lambda vector: vector.sort_key))
    traces = sorted({use.trace for vector in ordered for use, _ in vector.evidence.uses})
    return Observations(vectors=ordered, traces=tuple(traces), events=len(ordered), records=len(ordered))


GREETER = observations(
    vector("init_t", "greeterd_t", "process", "transition", program="/usr/lib/systemd/systemd", syscall="execve"),
    vector("init_t", "greeterd_exec_t", "file", "execute", path="/usr/sbin/greeterd", syscall="execve"),
    vector("greeterd_t", "greeterd_exec_t", "file", "entrypoint", path="/usr/sbin/greeterd", syscall="execve"),
    vector("greeterd_t", "etc_t", "file", "read", count=3, path="/etc/greeting"),
    vector("greeterd_t", "etc_t", "file", "open", count=2, path="/etc/greeting"),
    # What a hostile file name may look like: it must not end a comment, a quote or a line of policy.
    vector(
        "greeterd_t", "tmp_t", "file", "getattr", path="/srv/x'\n)\nallow init_t shadow_t:file write; dnl `\u202e"
    ),
    vector("greeterd_t", "greeterd_t", "capability", "chown", syscall="chown"),
    vector("greeterd_t", "tun_tap_device_t", "chr_file", "ioctl", xperms=frozenset({0x5401, 0x54CA})),
    vector("greeterd_t", "unlabeled_t", "file", "read", path="/srv/lost"),
    vector("greeterd_t", "helloerd_t", "unix_stream_socket", "connectto", syscall="connect"),
    vector("virsh_t", "greeterd_t", "unix_stream_socket", "connectto", program="/usr/bin/virsh", syscall="connect"),
    vector("virsh_t", "greeterd_runtime_t", "sock_file", "write", path="/run/greeterd.sock"),
    vector("greeterd_t", "bin_t", "file", "execute_no_trans", path="/usr/bin/date", syscall="execve"),
)
