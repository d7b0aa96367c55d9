# SPDX-License-Identifier: GPL-2.0-or-later
"""The `avc:` message, which is the same in every format and from every object manager.

The order is that of avc_audit_pre_callback and avc_audit_post_callback in security/selinux/avc.c: permissions,
fields of the object (some chosen by whoever made the object), contexts, class, permissive=, srawcon=, trawcon=. So
the last contexts of a message are the true ones, whatever a path or a command line pretends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from policytool.model.access import Result
from policytool.model.context import ContextError, SecurityContext, is_identifier
from policytool.model.event import AccessDecision, Location, UnreadKind
from policytool.model.ports import PORT_WORDS, port_name
from policytool.model.xperm_names import xperm_number
from policytool.traces.events.cleaning import cleaned, uncoloured
from policytool.traces.events.fields import fields, number, plain, text_value
from policytool.traces.events.record import Form, decoded, encoded
from policytool.traces.events.vocabulary import CLASSES, has_run_on, is_cut_class

_HEAD = re.compile(r"avc:\s+(denied|granted)\s+(?:\{([^{}]*)\}|null\b)")

# The class ends at a space, a quote, or what a text goes on with. A list of categories may have lost its commas.
_CLASS = r"tclass=(?P<tclass>[A-Za-z][\w-]*)(?=$|[\s'\":,;.)*`\\}\]<])"
_SOURCE, _TARGET = (rf"{key}=(?P<{key[0]}>\S+(?: c\d\S{{0,60}}){{0,8}})" for key in ("scontext", "tcontext"))
_TAILS = (
    re.compile(rf"{_SOURCE}\s+{_TARGET}\s+{_CLASS}"),
    # Old kernels.
    re.compile(rf"{_SOURCE}\s+{_CLASS}\s+{_TARGET}"),
)
# Fields in the order of the alphabet, as old setroubleshoot wrote them.
_SORTED = re.compile(rf"{_SOURCE}\s+(?:[a-z]+=\S+\s+){{0,9}}{_CLASS}\s+{_TARGET}")

# What a record has once. Where one comes twice, two records ran into each other.
_ONCE = re.compile(r"(?<![\w-])(pid|comm|path|name|dev|ino|scontext|tcontext|tclass)=")
_VERB = re.compile(r"(?:denied|granted)\s+\{")
_QUOTED = re.compile(r'"[^"]*"')

# After the class: another field, or the end of what a program wrote.
_GOES_ON = re.compile(r":?\s+(?:permissive|srawcon|trawcon|exe)=|\s*'")
_ENDS = " \t\\n\"':,;.)*`}]"

_PERMISSIVE = re.compile(r"permissive=([01])")
# Beginnings of `permissive=0` at the end of what was cut short.
_CUT = re.compile(r"\sp(?:e(?:r(?:m(?:i(?:s(?:s(?:i(?:v(?:e=?)?)?)?)?)?)?)?)?)?$")

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
    message = uncoloured(message)
    head = _HEAD.match(message)
    if head is None and not message.isascii():
        # Spaces that do not break, of a web page.
        message = decoded(cleaned(encoded(message)))
        head = _HEAD.match(message)
    if _twice(message):
        report(UnreadKind.MALFORMED)
        return None
    at = message.rfind("scontext=")
    text = message[at:] if at >= 0 else ""
    # Tails repeat; what is longer than a kernel's may not stay in memory.
    tail = _read_tail(text, form) if len(text) > _LONG else known_tail(text, form)
    if head is None or tail is None:
        report(_why(message, head is not None, tail is not None))
        return None
    if isinstance(tail, UnreadKind):
        report(tail)
        return None
    perms = _known(head[2], report)
    if perms is None:
        return None
    about = fields(message[head.end() : at], form)
    if tail.cut:
        report(UnreadKind.TRUNCATED)
    after = tail.after
    return AccessDecision(
        location=location,
        result=Result(head[1]),
        perms=perms,
        source=tail.source,
        target=tail.target,
        tclass=tail.tclass,
        permissive=tail.permissive,
        pid=number(about.get("spid") if userspace else about.get("pid")),
        comm=text_value(about.get("comm"), form),
        exe=text_value(after.get("exe") or about.get("exe"), form),
        path=path_value(text_value(about.get("path"), form)) or _port(about, perms),
        name=text_value(about.get("name"), form).removesuffix(_DELETED),
        dev=plain(about.get("dev")),
        inode=number(about.get("ino")),
        xperm=_xperm(about, tail.tclass),
    )


@dataclass(frozen=True, slots=True)
class Tail:
    """What a message says of contexts, class and after them; `cut`: it ends within the last word of that."""

    source: SecurityContext
    target: SecurityContext
    tclass: str
    after: Mapping[str, str]
    permissive: bool | None
    cut: bool


def _read_tail(text: str, form: Form) -> Tail | UnreadKind | None:
    """Read TEXT, from the last `scontext=` on; None without contexts and class, or why it is not believed."""
    tail = next((found for form_of_tail in (*_TAILS, _SORTED) if (found := form_of_tail.match(text))), None)
    if tail is None:
        return None
    try:
        source, target = (SecurityContext.parse(tail[key].replace(" ", ",")) for key in "st")
    except ContextError:
        return UnreadKind.BAD_CONTEXT
    tclass = tail["tclass"]
    rest = text[tail.end() :]
    if tclass not in CLASSES and not _GOES_ON.match(text, tail.end()):
        # Cut within the class, or run into what followed on the line?
        if is_cut_class(tclass):
            return UnreadKind.TRUNCATED
        if has_run_on(tclass) or rest.strip(_ENDS):
            return UnreadKind.MALFORMED
    permissive = _PERMISSIVE.search(rest)
    return Tail(
        source,
        target,
        tclass,
        fields(rest, form),
        permissive=permissive[1] == "1" if permissive else None,
        cut=permissive is None and _CUT.search(rest) is not None,
    )


# Tails repeat.
known_tail = lru_cache(maxsize=4096)(_read_tail)


def _twice(message: str) -> bool:
    """Say whether something that a record has once comes twice: outside of quotes, decisions anywhere."""
    if len(_VERB.findall(message)) > 1:
        return True
    # With a quote that never ends it cannot be told what is inside.
    names = _ONCE.findall(message if message.count('"') % 2 else _QUOTED.sub('""', message))
    return len(names) > len(set(names))


def _why(message: str, head: bool, tail: bool) -> UnreadKind:
    if head and ("ssid=" in message or "tsid=" in message):
        # A context that the kernel could not compute is printed as its number instead.
        return UnreadKind.BAD_CONTEXT
    if head and re.search(r"tclass=[^\s']*[^\s'\w-]", message):
        return UnreadKind.MALFORMED
    return UnreadKind.MALFORMED if tail else UnreadKind.TRUNCATED


def _known(text: str | None, report: Callable[[UnreadKind], None]) -> tuple[str, ...] | None:
    # `denied  null` is a decision about no permission at all. A permission that the kernel's policy has no
    # name for is a number: it is reported, for no rule can be written about it.
    words: Sequence[str] = (text or "").split()
    perms = tuple(word for word in words if is_identifier(word))
    if len(perms) < len(words) or (text is not None and not words):
        report(UnreadKind.MALFORMED)
        return perms or None
    return perms


def path_value(path: str) -> str:
    """Return PATH, as a record's path= is decoded, or "" where it is none: a socket, a pipe, an abstract name."""
    # The mark of an unlinked file is the kernel's.
    return path.removesuffix(_DELETED) if path.startswith("/") else ""


def _port(about: Mapping[str, str], perms: Sequence[str]) -> str:
    """Return the port that a socket is bound or connected to, in the place of a path; "" where it is none."""
    found = [number(about.get(PORT_WORDS[perm])) for perm in perms if perm in PORT_WORDS]
    return port_name(found[0]) if found and found[0] is not None else ""


def _xperm(about: Mapping[str, str], tclass: str) -> int | None:
    """Return the command or message type, a number or, of `ausearch -i`, a name."""
    command = about.get("ioctlcmd")
    value, base = (command, 16) if command else (about.get("nl-msgtype") or about.get("nlmsg_type"), 10)
    found = number(value, base)
    return found if found is not None or not value else xperm_number(value, tclass)
