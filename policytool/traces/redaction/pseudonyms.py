# SPDX-License-Identifier: GPL-2.0-or-later
"""Replacements for names, addresses and secrets: the same for the same input, and different for different ones.

They are counted in the order of first use, so that nothing of the original is in them. Addresses come from ranges
set aside for documentation (RFC 5737, 3849, 7042), and where those are full from others that no network uses.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from policytool.errors import InputError

# How many different ones of a kind are replaced: a log made to have more is refused rather than kept in memory.
LIMIT = 1 << 20

# Accounts of the system and of distributions' packages, which name nobody, and what stands for no name.
_SYSTEM_ACCOUNTS = """
root nobody bin daemon adm lp sync shutdown halt mail news uucp operator games man proxy www-data backup list irc
gnats _apt messagebus dbus polkitd avahi rtkit sshd ntp chrony _chrony tss tcpdump rpc rpcuser nscd syslog sys tty
disk kmem dialout fax voice cdrom floppy tape sudo audio dip video sasl plugdev staff users nogroup wheel input kvm
render crontab netdev ssh libvirt libvirt-qemu libvirtdbus qemu systemd-network systemd-resolve systemd-timesync
systemd-journal systemd-coredump systemd-oom
"""
_NOBODY = frozenset(
    {*_SYSTEM_ACCOUNTS.split(), "unset", "unknown", "(unknown)", "(none)", "(null)", "n/a", "?"}
) | {
    "(invalid user)",
    "lost+found",
}

_NOWHERE = frozenset({"?", "localhost", "localhost.localdomain", "(none)", "(null)", "(localhost)", "unknown"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Broadcast and netmasks.
_MASK = "255."
_IPV4_RANGES = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/4")
_IPV6_RANGE = ipaddress.IPv6Network("2001:db8::/32")
# RFC 7042, 2.1.2; then locally administered ones.
_MAC_DOCUMENTATION, _MAC_LOCAL = 0x00005E005300, 0x020000000000


@dataclass(slots=True)
class Pseudonyms:
    """All replacements of one run. `people` are users shown to be persons, `nodes` own hosts."""

    users: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    ipv4: dict[str, str] = field(default_factory=dict)
    ipv6: dict[str, str] = field(default_factory=dict)
    macs: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """Return how many different ones of each kind were replaced."""
        return {
            "users": len(self.users),
            "hosts": len(self.labels),
            "addresses": len(self.ipv4) + len(self.ipv6) + len(self.macs),
            "secrets": len(self.secrets),
            "arguments": len(self.arguments),
        }

    def user(self, name: str, person: bool = False) -> str:
        """Replace the name of an account; numbers and the system's own accounts stay. PERSON: it is somebody's."""
        if name in _NOBODY or name.lstrip("-").isdecimal() or not name:
            return name
        if person:
            self.people.add(name)
        return _next(self.users, name, "user{}")

    def host(self, name: str, own: bool = False) -> str:
        """Replace a host name or address: its first label, and the rest as a whole. OWN: the log is of it."""
        if name.lower() in _NOWHERE or not name:
            return name
        if (address := self.address(name)) is not None:
            return address
        label, dot, domain = name.partition(".")
        if own:
            self.nodes |= {name, label}
        replaced = _next(self.labels, label, "host{}")
        return f"{replaced}.{_next(self.domains, domain, 'domain{}.example')}" if dot else replaced

    def address(self, text: str, known: bool = False) -> str | None:
        """Replace an IPv4, IPv6 or MAC address; None if TEXT is none. KNOWN: leave those alone that are new.

        Addresses that say nothing of a network stay: unspecified, loopback, broadcast, multicast, masks.
        """
        if len(text) == 17 and (digits := _mac(text)) is not None:
            return text if known and digits not in self.macs else self.mac(digits, text[2])
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return None
        if known and str(address) not in (self.ipv4 if address.version == 4 else self.ipv6):
            return text
        return str(self.ip(address))

    def ip(self, address: Address) -> Address:
        """Replace ADDRESS, of either version."""
        if str(address).startswith(_MASK) or address.is_unspecified or address.is_loopback or address.is_multicast:
            return address
        known = self.ipv4 if address.version == 4 else self.ipv6
        found = known.get(str(address))
        if found is None:
            place = _place(known)
            found = _ipv4(place) if address.version == 4 else str(_IPV6_RANGE[place + 1])
            known[str(address)] = found
        return ipaddress.ip_address(found)

    def mac(self, digits: str, separator: str = ":") -> str:
        """Replace a MAC address of twelve hexadecimal DIGITS; with SEPARATOR between its bytes."""
        found = self.macs.get(digits)
        if digits in ("0" * 12, "f" * 12):
            found = digits
        elif found is None:
            place = _place(self.macs)
            found = self.macs[digits] = f"{place + (_MAC_DOCUMENTATION if place < 256 else _MAC_LOCAL):012x}"
        return separator.join(found[start : start + 2] for start in range(0, 12, 2))

    def secret(self, text: str) -> str:
        """Replace a secret."""
        return _next(self.secrets, text, "secret{}") if text else text

    def argument(self, text: str) -> str:
        """Replace an argument of a command line."""
        return _next(self.arguments, text, "argument{}") if text else text


def _next(known: dict[str, str], name: str, shape: str) -> str:
    found = known.get(name)
    if found is None:
        found = known[name] = shape.format(_place(known) + 1)
    return found


def _place(known: dict[str, str]) -> int:
    """Return how many are KNOWN, if there is room for one more."""
    if len(known) >= LIMIT:
        raise InputError(f"more than {LIMIT} different names or addresses of one kind: redact the log in parts")
    return len(known)


def _ipv4(place: int) -> str:
    for network in map(ipaddress.IPv4Network, _IPV4_RANGES):
        usable = network.num_addresses - 2
        if place < usable:
            return str(network[place + 1])
        place -= usable
    raise AssertionError("LIMIT is below the size of the ranges")


def _mac(text: str) -> str | None:
    separator = text[2]
    parts = text.split(separator) if separator in ":-" else []
    if len(parts) != 6 or not all(len(part) == 2 for part in parts):
        return None
    digits = "".join(parts).lower()
    return digits if all(digit in "0123456789abcdef" for digit in digits) else None
