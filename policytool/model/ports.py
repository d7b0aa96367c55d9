# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports: what names the object where a socket is bound or connected, as a path names a file."""

from __future__ import annotations

# The permissions that the kernel checks on the type of a port (security/selinux/hooks.c, selinux_socket_bind and
# selinux_socket_connect_helper), and the word of the record that has its number.
PORT_WORDS = {"name_bind": "src", "name_connect": "dest"}

_MARK = "port "


def port_name(number: int) -> str:
    """Return what stands in the place of a path for port NUMBER."""
    return f"{_MARK}{number}"


def port_number(name: str) -> int | None:
    """Return the number that `port_name` made NAME of; None for any other name."""
    digits = name.removeprefix(_MARK)
    return int(digits) if name.startswith(_MARK) and digits.isdecimal() else None
