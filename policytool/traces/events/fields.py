# SPDX-License-Identifier: GPL-2.0-or-later
"""`key=value` fields of a record, and the ways in which the kernel writes a value."""

from __future__ import annotations

import re

from policytool.traces.events.record import Form

# The lookbehind keeps the search linear on long runs of word characters.
_RAW_FIELD = re.compile(r'(?<![\w-])([A-Za-z_][\w-]*(?:\[\d+\])?)=("[^"]*"?|[^\s\x1d]*)')

# A name that is neither quoted nor hexadecimal.
_BARE_VALUE = re.compile(rb'(?<=\s)(?:comm|exe|name|path)=(?!["(])(?!(?:[0-9A-F]{2})+(?:\s|$))\S')

# Enrichment that lost the 0x1d before it: `res=1AUID="root"`, `key=(null)ARCH=x86_64`.
_GLUED = re.compile(r"(?<=.)(?:ARCH|SADDR|OUID|AUID|UID)=")

_HEX = re.compile(r"(?:[0-9A-F]{2})+")

# An interpreted value may hold spaces and equal signs; only these words begin the next field.
_NAMES = (
    "pid ppid spid tpid comm exe path name dev ino ioctlcmd capability key nl-msgtype nlmsg_type lport laddr faddr "
    "fport src dest saddr daddr netif scontext tcontext tclass permissive srawcon trawcon cwd item inode mode "
    "ouid ogid rdev obj nametype cap_fp objtype arch syscall success exit a0 a1 a2 a3 items auid uid gid euid "
    "suid fsuid egid sgid fsgid tty ses subj sauid hostname addr terminal argc proctitle op seresult oldcontext "
    "newcontext invalid_context perms reason requested anonclass opid ocomm sig lnk key_desc msgtype interface "
    "member request cmdline function property service netmask kmod ipc_key sauid resid restype xdevice selection "
    "daddr saddr src dest lport oldrawcon taskcontext invalid_context"
)
# The known names of fields.
KEYS = frozenset(_NAMES.split())
_INTERPRETED_FIELD = re.compile(r"(?:^|(?<=\s))(" + "|".join(map(re.escape, sorted(KEYS))) + r")=")

_NOTHING = frozenset({"(null)", "?", "(none)"})


def fields(text: str, form: Form) -> dict[str, str]:
    """Return the fields of TEXT, undecoded; where a key comes twice the first one counts."""
    found: dict[str, str] = {}
    for key, value in field_pairs(text, form):
        found.setdefault(key, value)
    return found


def field_pairs(text: str, form: Form) -> list[tuple[str, str]]:
    """Return the fields of TEXT in their order, undecoded."""
    if form is Form.INTERPRETED:
        parts = _INTERPRETED_FIELD.split(text)
        return [(key, value.strip()) for key, value in zip(parts[1::2], parts[2::2], strict=True)]
    pairs = []
    for key, value in _RAW_FIELD.findall(text):
        if "=" in value and not value.startswith('"'):
            value = _GLUED.split(value, maxsplit=1)[0]
        pairs.append((key, value))
    return pairs


def text_value(value: str | None, form: Form) -> str:
    """Decode an untrusted string: `"quoted"`, hexadecimal (raw records only) or bare; "" for none."""
    if not value or value in _NOTHING:
        return ""
    if value[0] == '"':
        return value[1:].removesuffix('"')
    if form is Form.RAW and _HEX.fullmatch(value):
        return bytes.fromhex(value).decode("utf-8", "surrogateescape")
    return value


def plain(value: str | None) -> str:
    """Decode a trusted string, which is never hexadecimal: dev, obj, nametype; "" for none."""
    if not value or value in _NOTHING:
        return ""
    return value[1:].removesuffix('"') if value[0] == '"' else value


def number(value: str | None, base: int = 10) -> int | None:
    """Read a number of at most 64 bits; None for anything else."""
    if not value or len(value) > 24 or not value.isascii():
        return None
    try:
        return int(value, base)
    except ValueError:
        return None


def form_of(text: bytes) -> Form:
    """Tell from its names how values are written in TEXT: the kernel quotes them, `ausearch -i` does not."""
    return Form.INTERPRETED if _BARE_VALUE.search(text) else Form.RAW
