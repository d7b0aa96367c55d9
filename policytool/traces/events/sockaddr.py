# SPDX-License-Identifier: GPL-2.0-or-later
"""SOCKADDR records: the address that a system call was given."""

from __future__ import annotations

import ipaddress
import re

from policytool.traces.events.fields import fields, plain
from policytool.traces.events.record import Form

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16


def read_sockaddr(text: str, form: Form) -> str:
    """Return the address: a path, `@name` (abstract), `address:port`, `netlink`, `family N`; "" if unreadable."""
    value = fields(text, Form.RAW).get("saddr", "")
    if form is Form.INTERPRETED or not _HEX.fullmatch(value):
        return _interpreted(text)
    return _decode(bytes.fromhex(value))


def _decode(raw: bytes) -> str:
    if len(raw) < 2:
        return ""
    # In the byte order of the machine that wrote it; no family is as large as a swapped one.
    family = int.from_bytes(raw[:2], "little")
    family = int.from_bytes(raw[:2], "big") if family > 0xFF else family
    if family == _UNIX:
        if raw[2:3] == b"\0":
            return "@" + raw[3:].rstrip(b"\0").decode("utf-8", "surrogateescape")
        return raw[2:].split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    if family == _INET and len(raw) >= 8:
        return f"{ipaddress.IPv4Address(raw[4:8])}:{int.from_bytes(raw[2:4], 'big')}"
    if family == _INET6 and len(raw) >= 24:
        return f"[{ipaddress.IPv6Address(raw[8:24])}]:{int.from_bytes(raw[2:4], 'big')}"
    return "netlink" if family == _NETLINK else f"family {family}"


def _interpreted(text: str) -> str:
    # `saddr={ saddr_fam=local path=/run/x }`, `{ fam=inet laddr=192.0.2.1 lport=53 }`, older: `local /run/x`.
    inner = text.partition("saddr=")[2].strip(" {}")
    found = fields(inner, Form.RAW)
    if "path" in found:
        return plain(found["path"])
    if "laddr" in found:
        host, port = plain(found["laddr"]), plain(found.get("lport"))
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    family = found.get("saddr_fam") or found.get("fam")
    return plain(family) if family else inner.removeprefix("local ").strip()
