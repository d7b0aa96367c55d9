# SPDX-License-Identifier: GPL-2.0-or-later
"""systemd's units of daemons: a service with the sockets that start it."""

from __future__ import annotations

from collections.abc import Sequence

from policytool.toolchain.run import find_program, run

_LIMIT = 300.0
_RUNNING = frozenset({"active", "activating", "reloading"})


def unit_states(services: Sequence[str]) -> dict[str, bool]:
    """Return the units of SERVICES that this host has, their sockets first, each with whether it runs now."""
    sockets: dict[str, bool] = {}
    found: dict[str, bool] = {}
    for service in services:
        about = _properties(service)
        if about.get("LoadState") != "loaded":
            continue
        found[service] = about.get("ActiveState") in _RUNNING
        for socket in about.get("TriggeredBy", "").split():
            if socket.endswith(".socket"):
                sockets[socket] = _properties(socket).get("ActiveState") in _RUNNING
    return dict(sorted(sockets.items())) | dict(sorted(found.items()))


def stop(units: Sequence[str], keep: Sequence[int] = ()) -> None:
    """Stop UNITS; KEEP are descriptors that systemctl holds open while it works."""
    if units:
        run(["systemctl", "stop", *units], timeout=_LIMIT, keep=keep)


def start(units: Sequence[str], keep: Sequence[int] = ()) -> None:
    """Start UNITS; KEEP as for `stop`."""
    if units:
        # A unit that failed too often has to be forgiven before it starts again.
        run(["systemctl", "reset-failed", *units], ok=range(256), timeout=_LIMIT, keep=keep)
        run(["systemctl", "start", *units], timeout=_LIMIT, keep=keep)


def _properties(unit: str) -> dict[str, str]:
    find_program("systemctl")
    text = run(["systemctl", "show", "-p", "LoadState,ActiveState,TriggeredBy", "--", unit], timeout=_LIMIT).text
    return {name: value for name, _, value in (line.partition("=") for line in text.splitlines())}
