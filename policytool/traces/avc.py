# SPDX-License-Identifier: GPL-2.0-or-later
"""The `avc:` message, which is the same in every format and from every object manager.

The order is that of avc_audit_pre_callback and avc_audit_post_callback in security/selinux/avc.c: permissions,
fields of the object (some chosen by whoever made the object), contexts, class, permissive=, srawcon=, trawcon=. So
the last contexts of a message are the true ones, whatever a path or a command line pretends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from policytool.model.access import Result
from policytool.model.context import ContextError, SecurityContext, is_identifier
from policytool.model.event import AccessDecision, Location, UnreadKind
from policytool.traces.fields import fields, number, plain, text_value
from policytool.traces.record import Form

_HEAD = re.compile(r"avc:\s+(denied|granted)\s+(?:\{([^{}]*)\}|null\b)")
_TAIL = re.compile(r"scontext=(?P<source>\S+)\s+tcontext=(?P<target>\S+)\s+tclass=(?P<tclass>[^\s']+)")
_OLD_TAIL = re.compile(r"scontext=(?P<source>\S+)\s+tclass=(?P<tclass>\S+)\s+tcontext=(?P<target>[^\s']+)")

# Messages of user-space managers (and, for denied, other LSMs') that carry no decision.
_NOTICE = re.compile(r"avc:\s+(?:received|op=|could not|netlink)")

_DELETED = " (deleted)"

# Characters; what follows `scontext=` in a record of the kernel is far shorter.
_LONG = 1024


def is_notice(message: str) -> bool:
    """Say whether MESSAGE is a notice of the access vector cache: a policy load, a setenforce."""
    return _NOTICE.match(message) is not None


def read_decision(
    message: str, location: Location, form: Form, userspace: bool, report: Callable[[UnreadKind], None]
) -> AccessDecision | None:
    """Read MESSAGE, which begins with `avc:`; None, after a report, where it cannot be believed."""
    head = _HEAD.match(message)
    at = message.rfind("scontext=")
    tail = message[at:] if at >= 0 else ""
    # Tails repeat; what is longer than a kernel's may not stay in memory.
    end = _read_tail(tail, form) if len(tail) > _LONG else _known_tail(tail, form)
    if head is None or end is None:
        # A context that the kernel could not compute is printed as its number instead.
        no_context = head is not None and ("ssid=" in message or "tsid=" in message)
        broken = UnreadKind.MALFORMED if head is None and end is not None else UnreadKind.TRUNCATED
        report(UnreadKind.BAD_CONTEXT if no_context else broken)
        return None
    if isinstance(end, UnreadKind):
        report(end)
        return None
    source, target, tclass, after = end
    perms = _known(head[2], report)
    if perms is None:
        return None
    about = fields(message[head.end() : at], form)
    return AccessDecision(
        location=location,
        result=Result(head[1]),
        perms=perms,
        source=source,
        target=target,
        tclass=tclass,
        permissive={"0": False, "1": True}.get(after.get("permissive", "")),
        pid=number(about.get("spid") if userspace else about.get("pid")),
        comm=text_value(about.get("comm"), form),
        exe=text_value(after.get("exe") or about.get("exe"), form),
        path=_absolute(text_value(about.get("path"), form)),
        name=text_value(about.get("name"), form).removesuffix(_DELETED),
        dev=plain(about.get("dev")),
        inode=number(about.get("ino")),
        xperm=_xperm(about),
        invalid_source=text_value(after.get("srawcon"), form),
        invalid_target=text_value(after.get("trawcon"), form),
        userspace=userspace,
    )


# What a message says of contexts, class and after them; None if it has not both contexts and a class.
_Tail = tuple[SecurityContext, SecurityContext, str, Mapping[str, str]]


def _read_tail(text: str, form: Form) -> _Tail | UnreadKind | None:
    tail = _TAIL.match(text) or _OLD_TAIL.match(text)
    if tail is None:
        return None
    try:
        source, target = SecurityContext.parse(tail["source"]), SecurityContext.parse(tail["target"])
    except ContextError:
        return UnreadKind.BAD_CONTEXT
    tclass = tail["tclass"].rstrip(":")
    return (
        (source, target, tclass, fields(text[tail.end() :], form))
        if is_identifier(tclass)
        else UnreadKind.MALFORMED
    )


_known_tail = lru_cache(maxsize=4096)(_read_tail)


def _known(text: str | None, report: Callable[[UnreadKind], None]) -> tuple[str, ...] | None:
    # `denied  null` is a decision about no permission at all. A permission that the kernel's policy has no
    # name for is a number: it is reported, for no rule can be written about it.
    words: Sequence[str] = (text or "").split()
    perms = tuple(word for word in words if is_identifier(word))
    if len(perms) < len(words) or (text is not None and not words):
        report(UnreadKind.MALFORMED)
        return perms or None
    return perms


def _absolute(path: str) -> str:
    # `socket:[25167]`, `pipe:[1]` and abstract names are no paths. The mark of an unlinked file is the kernel's.
    return path.removesuffix(_DELETED) if path.startswith("/") else ""


def _xperm(about: dict[str, str]) -> int | None:
    command = about.get("ioctlcmd")
    if command is not None:
        return number(command, 16)
    return number(about.get("nl-msgtype") or about.get("nlmsg_type"))
