# SPDX-License-Identifier: GPL-2.0-or-later
"""Events as auditd writes most of them: whole, and each record in the kernel's own words.

Only what changes from event to event, its stamp and a call's numbers, is looked at each time. What is left repeats:
a decision, the rest of a call, the paths are each read once, without process ids and by the readers that `assemble`
uses, and it is remembered what they say to a tally.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from policytool.model.event import Location, PathItem, UnreadKind
from policytool.traces.events.asked_by import NO_CALL, Call, read_args, read_call
from policytool.traces.events.assemble import READERS, read_cwd, read_path
from policytool.traces.events.avc import read_decision
from policytool.traces.events.fields import fields
from policytool.traces.events.record import AUDITD_HEAD, Form, Row, decoded
from policytool.traces.events.record_paths import begin_in_cwd, named_from
from policytool.traces.tally.decision import Known, known
from policytool.traces.tally.plain_avc import Groups, plain_groups, read_plain, read_plain_path

# Bound what is remembered, in entries and in bytes of what they were read from; a log with more distinct texts than
# that is read a little slower.
MAX_KNOWN = 1 << 15
MAX_KNOWN_BYTES = 1 << 23

# The same for events by their whole texts: the parts that they share, their bytes, and how many parts all have.
MAX_SHARED = 1 << 16
MAX_SHARED_BYTES = 1 << 24
MAX_PLACES = 1 << 19

# The same for what was counted, and not yet added to the tally; to add it often would take long.
MAX_COUNTED_BYTES = 1 << 25

# No line holds more than one of these, or it is several lines glued together.
MARK = b"audit("

_AVC, _SYSCALL, PROCTITLE = (b"type=%s msg=audit" % kind for kind in (b"AVC", b"SYSCALL", b"PROCTITLE"))

_DECISION = re.compile(rb"(avc:  (?:denied|granted)  \{[^{}\n]*\}) for  pid=[0-9]+ ([^\n]*)\n?")

# The numbers of a call. No key that matters can be in them: exe, comm, ARCH, SYSCALL have letters that they lack.
_NUMBERS = re.compile(rb" success=(?:yes|no) exit=[-0-9a-f =]+items=[0-9]+")
# The same as nearly all calls have them.
_ARGS = re.compile(
    rb" success=(?:yes|no) exit=-?[0-9]+ a0=([0-9a-f]{1,16}) a1=([0-9a-f]{1,16}) a2=([0-9a-f]{1,16})"
    rb" a3=([0-9a-f]{1,16}) items="
)
_ARCH = re.compile(rb"arch=[0-9a-f]+ syscall=[0-9]+")
_CALLER = re.compile(
    rb" ppid=\d+ pid=\d+ auid=\d+ uid=\d+ gid=\d+ euid=\d+ suid=\d+ fsuid=\d+ egid=\d+ sgid=\d+ fsgid=\d+"
    rb" tty=[\w()/?-]+ ses=\d+ (comm=[^\n]*)\n?"
)

# A PATH record whose name begins in no folder: it is absolute, or there is none.
_PLACED = re.compile(rb'item=[0-9]+ name=(?:"/|"" |\(null\) )').match

# The kinds of which something is read for a tally.
_TELLING = frozenset(READERS)

_RAW = Form.RAW

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The PATH records of an event, their names absolute where CWD tells."""

    items: tuple[PathItem, ...]


NO_ITEMS = Items(())


class Memory(dict[_K, _V]):
    """What was read of texts; forgets everything when it has too many of them, or too large ones."""

    def __init__(self, entries: int = 0) -> None:
        """ENTRIES: how many, if not MAX_KNOWN."""
        super().__init__()
        self._entries = entries
        self._size = 0

    def keep(self, key: _K, value: _V, size: int) -> _V:
        """Remember VALUE for KEY, a text of SIZE bytes, and return it."""
        if len(self) >= (self._entries or MAX_KNOWN) or self._size + size > MAX_KNOWN_BYTES:
            self.clear()
            self._size = 0
        self._size += size
        self[key] = value
        return value


class Texts(dict[tuple[bytes, ...], _V]):
    """What was read of events, by all their parts; they share the parts that are equal."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: dict[bytes, bytes] = {}
        self._size = 0
        self._places = 0

    def shared(self, event: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return EVENT with parts that are here already, where there are equal ones."""
        known = self._parts
        if self._size > MAX_SHARED_BYTES or len(known) > MAX_SHARED:
            self.clear()
        before = len(known)
        event = tuple([known.setdefault(part, part) for part in event])
        if new := len(known) - before:
            self._size += sum(map(len, islice(reversed(known), new)))
        return event

    def keep(self, event: tuple[bytes, ...], value: _V) -> None:
        """Remember VALUE for EVENT, as `shared` returned it."""
        if len(self) >= MAX_KNOWN or self._places > MAX_PLACES:
            self.clear()
        self._places += len(event)
        self[event] = value

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._parts.clear()
        self._size = self._places = 0


# What an event says; events with the same shape say the same. Its first decision (None: it has none), its call, its
# paths, further decisions, and the number of its records.
Shape = tuple[Known | None, Call, Items, tuple[Known, ...], int]

_QUIET: Shape = (None, NO_CALL, NO_ITEMS, (), 1)


class Reader:
    """Reads events, each of their parts once. None stands for an event or a part in which something is unusual."""

    def __init__(self) -> None:
        # By what HEAD matches.
        self.kinds: Memory[bytes, bytes] = Memory(256)
        # Cache keyed by the full text; the next one by the text without process ids.
        self._decisions: Memory[bytes, Known | None] = Memory()
        self._nameless: Memory[Groups, Known | None] = Memory()
        self._calls: Memory[tuple[bytes, bytes], Call | None] = Memory()
        self._callers: Memory[tuple[bytes, bytes], Call] = Memory()
        self._items: Memory[tuple[bytes, ...], Items] = Memory()

    def kind(self, head: bytes) -> bytes | None:
        """Return the kind of record in what auditd writes before a stamp; None if HEAD is nothing of that sort."""
        kind = self.kinds.get(head)
        if kind is None and (match := AUDITD_HEAD.fullmatch(head)):
            kind = self.kinds.keep(head, match[1], len(head))
        return kind

    def read_group(self, group: Sequence[Row]) -> Shape | None:
        """Read an event that was joined, of raw records."""
        if len(group) == 1 and group[0][1] not in _TELLING:
            return _QUIET
        return self.read([part for _, kind, body, _, _ in group for part in (b"type=%s msg=audit" % kind, body)])

    def read(self, event: Sequence[bytes]) -> Shape | None:
        """Read EVENT: head and body of each of its records in turn."""
        if len(event) == 6 and event[4] == PROCTITLE and event[2] == _SYSCALL and event[0] == _AVC:
            # Most events.
            decision = self._decisions.get(event[1]) or self._decision(event[1])
            call = self._call_of(event[3])
            return (
                None if decision is None or call is None or MARK in event[5] else (decision, call, NO_ITEMS, (), 3)
            )
        return self._read(event)

    def _read(self, event: Sequence[bytes]) -> Shape | None:
        first: Known | None = None
        others: list[Known] = []
        call = NO_CALL
        paths: list[bytes] = []
        cwd = called = b""
        kinds = self.kinds
        parts = iter(event)
        for head in parts:
            body = next(parts)
            if head == _AVC:
                known = self._decisions.get(body) or self._decision(body)
                if known is None:
                    return None
                if first is None:
                    first = known
                else:
                    others.append(known)
            elif head == _SYSCALL:
                found = self._call_of(body)
                if found is None:
                    return None
                call, called = found, body
            elif MARK in body or (kind := kinds.get(head) or self.kind(head)) is None:
                return None
            elif kind in _TELLING:
                if kind == b"CWD":
                    cwd = body
                elif kind == b"PATH" and body.startswith(b"item="):
                    paths.append(body)
                else:
                    return None
        records = len(event) // 2
        if cwd and (all(map(_PLACED, paths)) or not begin_in_cwd(call.name, partial(_read_args, called))):
            cwd = b""
        items = self._items_of(paths, cwd) if paths else NO_ITEMS
        if first is None:
            return (None, NO_CALL, items, (), records)
        return (first, call, items, tuple(others), records)

    def _decision(self, text: bytes) -> Known | None:
        """Read the body of an AVC record; None also where there is anything to report of it."""
        if text in self._decisions:
            return self._decisions[text]
        found = None
        if MARK not in text:
            groups = plain_groups(text)
            if groups is not None:
                found = self._nameless.get(groups) or self._nameless.keep(groups, read_plain(groups), len(text))
            if found is None and (match := _DECISION.fullmatch(text)):
                rest = match.groups()
                found = self._nameless.get(rest) or self._nameless.keep(rest, _read_known(*rest), len(text))
        return self._decisions.keep(text, found, len(text))

    def _call_of(self, body: bytes) -> Call | None:
        """Read the body of a SYSCALL record."""
        begin = body.find(b" success=")
        end = body.find(b" ppid=", begin)
        if begin < 0 or end < 0 or not _NUMBERS.fullmatch(body, begin, end):
            return None
        text = body[:begin], body[end:]
        return self._calls.get(text) or self._call(text)

    def _call(self, text: tuple[bytes, bytes]) -> Call | None:
        """Read what stands before and after the numbers of a SYSCALL record."""
        if text in self._calls:
            return self._calls[text]
        arch, caller = text
        call = None
        match = None if MARK in caller else _CALLER.fullmatch(caller)
        if match is not None and _ARCH.fullmatch(arch):
            key = arch, match[1]
            found = self._callers.get(key)
            call = self._callers.keep(key, _read_call(*key), len(arch) + len(caller)) if found is None else found
        return self._calls.keep(text, call, len(arch) + len(caller))

    def _items_of(self, bodies: Sequence[bytes], cwd: bytes) -> Items:
        """Read the bodies of an event's PATH records, with that of its CWD record (b"" if none)."""
        key = (cwd, *bodies)
        if key in self._items:
            return self._items[key]
        folder = read_cwd(decoded(cwd).strip(), _RAW)
        items = [read_plain_path(body) or read_path(decoded(body).strip(), _RAW) for body in bodies]
        named = tuple(named_from(item, folder) for item in items if item is not None)
        return self._items.keep(key, Items(named), sum(map(len, key)))


def _read_known(head: bytes, rest: bytes) -> Known | None:
    problems: list[UnreadKind] = []
    # Any process id: a record with two is not believed.
    message = decoded(head + b" for  pid=0 " + rest).strip()
    decision = read_decision(message, Location("", 0), _RAW, userspace=False, report=problems.append)
    if decision is None or problems:
        return None
    return known(decision, decision.exe, decision.comm, decision.path, decision.name, decision.dev, decision.inode)


def _read_args(body: bytes) -> tuple[int, ...]:
    """Read the arguments in the BODY of a SYSCALL record of which `Reader` has read all but the numbers."""
    usual = _ARGS.match(body, body.find(b" success="))
    if usual is not None:
        return tuple([int(arg, 16) for arg in usual.groups()])
    numbers = _NUMBERS.search(body)
    return () if numbers is None else read_args(fields(decoded(numbers[0]), _RAW))


def _read_call(arch: bytes, tail: bytes) -> Call:
    return read_call(fields(decoded(arch + b" " + tail).strip(), _RAW), _RAW)
