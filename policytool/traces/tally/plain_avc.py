# SPDX-License-Identifier: GPL-2.0-or-later
"""AVC records of the kernel in the form that nearly all have: one expression reads them, at a quarter of the time.

Whatever has anything else in it is left to `avc`, which says the same of these (see the tests).
"""

from __future__ import annotations

import re
from functools import lru_cache

from policytool.model.access import Result
from policytool.model.event import AccessDecision, Location, PathItem
from policytool.traces.events.avc import Tail, known_tail, path_value
from policytool.traces.events.record import Form
from policytool.traces.tally.decision import Known, known

# Nothing in quotes looks like a field, or like the beginning of a decision.
_QUOTED = rb'="([ !#-<>-z|~]*)" '
_CONTEXT = rb"context=[!-<>-~]{1,400} "
_PERM = rb"[a-z][a-z_]*"
_PLAIN = re.compile(
    rb"avc:  (denied|granted)  \{ (%(perm)s(?: %(perm)s)*) \} for  pid=[0-9]+ "
    rb"(?:comm%(quoted)s)?(?:capability=[0-9]{1,3}  )?"
    rb"(?:path%(quoted)s)?(?:name%(quoted)s)?(?:dev%(quoted)s)?"
    rb"(?:ino=([0-9]{1,20}) )?(?:ioctlcmd=(0x[0-9a-f]{1,8}) )?"
    rb"(s%(context)st%(context)stclass=[a-z][a-z0-9_]*(?: permissive=[01])?)\n?"
    % {b"perm": _PERM, b"quoted": _QUOTED, b"context": _CONTEXT}
)

# What tells plain records apart, all but their process ids.
Groups = tuple[bytes | None, ...]


def plain_groups(body: bytes) -> Groups | None:
    """Return what tells the record with BODY from others like it; None if it is not in the usual form."""
    match = _PLAIN.fullmatch(body)
    return None if match is None else match.groups()


def read_plain(groups: Groups) -> Known | None:
    """Read what `plain_groups` returned; None if it is not in the usual form after all."""
    result, perms, comm, path, name, dev, inode, command, end = groups
    access = _access(result or b"", perms or b"", command, end or b"")
    if access is None:
        return None
    return known(
        access,
        "",
        _text(comm),
        path_value(_text(path)),
        _text(name).removesuffix(" (deleted)"),
        _text(dev),
        int(inode) if inode else None,
    )


@lru_cache(maxsize=4096)
def _access(result: bytes, perms: bytes, command: bytes | None, end: bytes) -> AccessDecision | None:
    tail = known_tail(end.decode("ascii"), Form.RAW)
    if not isinstance(tail, Tail) or tail.cut:
        return None
    return AccessDecision(
        location=Location("", 0),
        result=Result(result.decode("ascii")),
        perms=tuple(perms.decode("ascii").split()),
        source=tail.source,
        target=tail.target,
        tclass=tail.tclass,
        permissive=tail.permissive,
        xperm=int(command, 16) if command else None,
    )


_PATH = re.compile(
    rb"item=([0-9]{1,6}) name%(quoted)sinode=([0-9]{1,20}) dev=([0-9a-f]{2,3}:[0-9a-f]{2,5}) "
    rb"mode=([0-7]{1,7}) ouid=[0-9]+ ogid=[0-9]+ rdev=[0-9a-f:]+ obj=[!-<>-~]+ nametype=([A-Z]+)[ \n][^\n]*\n?"
    % {b"quoted": _QUOTED}
)


def read_plain_path(body: bytes) -> PathItem | None:
    """Read what finds the object of a decision in BODY, of a PATH record; None if it is not in the usual form."""
    match = _PATH.fullmatch(body)
    if match is None:
        return None
    item, name, inode, dev, mode, nametype = match.groups()
    return PathItem(int(item), _text(name), _text(nametype), int(inode), _text(dev), int(mode, 8))


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("ascii")
