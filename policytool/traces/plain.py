# SPDX-License-Identifier: GPL-2.0-or-later
"""AVC records of the kernel in the form that nearly all have: one expression reads them, at a quarter of the time.

Whatever has anything else in it is left to `avc`, which says the same of these (see the tests).
"""

from __future__ import annotations

import re
from functools import lru_cache

from policytool.model.access import Result
from policytool.model.event import AccessDecision, Location
from policytool.traces.avc import Tail, known_tail, path_value
from policytool.traces.record import Form

# Nothing in quotes looks like a field, or like the beginning of a decision.
_QUOTED = rb'="([ !#-<>-z|~]*)" '
_CONTEXT = rb"context=[!-<>-~]{1,400} "
_PERM = rb"[a-z][a-z_]*"
_PLAIN = re.compile(
    rb"avc:  (denied|granted)  \{ (%(perm)s(?: %(perm)s)*) \} for  "
    rb"(?:comm%(quoted)s)?(?:capability=[0-9]{1,3}  )?"
    rb"(?:path%(quoted)s)?(?:name%(quoted)s)?(?:dev%(quoted)s)?"
    rb"(?:ino=([0-9]{1,20}) )?(?:ioctlcmd=(0x[0-9a-f]{1,8}) )?"
    rb"(s%(context)st%(context)stclass=[a-z][a-z0-9_]*(?: permissive=[01])?)"
    % {b"perm": _PERM, b"quoted": _QUOTED, b"context": _CONTEXT}
)
_NOWHERE = Location("", 0)
_RESULTS = {b"denied": Result.DENIED, b"granted": Result.GRANTED}


def read_plain(text: bytes) -> AccessDecision | None:
    """Read TEXT, a record's body without its process id; None if it is not in the usual form."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    result, perms, comm, path, name, dev, inode, command, end = match.groups()
    tail = _tail(end)
    if tail is None:
        return None
    return AccessDecision(
        location=_NOWHERE,
        result=_RESULTS[result],
        perms=_perms(perms),
        source=tail.source,
        target=tail.target,
        tclass=tail.tclass,
        permissive=tail.permissive,
        comm=_text(comm),
        path=path_value(_text(path)),
        name=_text(name).removesuffix(" (deleted)"),
        dev=_text(dev),
        inode=int(inode) if inode else None,
        xperm=int(command, 16) if command else None,
    )


@lru_cache(maxsize=4096)
def _tail(text: bytes) -> Tail | None:
    tail = known_tail(text.decode("ascii"), Form.RAW)
    return tail if isinstance(tail, Tail) and not tail.cut else None


@lru_cache(maxsize=1024)
def _perms(text: bytes) -> tuple[str, ...]:
    return tuple(text.decode("ascii").split())


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("ascii")
