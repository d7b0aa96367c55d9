# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way from a log to its tally, which gives exactly what `Tally.add` of every event gives.

A tally needs little of an event: its decisions, the name and program of its system call, and sometimes its
paths. Decisions and paths repeat, but for the process id, so each distinct one is read once, by the readers that
`assemble` uses. An event with anything unusual in it is assembled in full.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, repeat
from typing import NamedTuple, TypeVar

from policytool.model.event import AccessDecision, Location, PathItem, Unread, UnreadKind
from policytool.traces.assemble import READERS, assemble, read_cwd, read_path, target_path, tidy
from policytool.traces.avc import read_decision
from policytool.traces.fields import fields, text_value
from policytool.traces.join import join
from policytool.traces.reader import read_records
from policytool.traces.record import Form, Row, decoded, event_key
from policytool.traces.syscalls import arch_name, syscall_name
from policytool.traces.tally import Seen, Tally

# Bounds what is remembered; a log with more distinct decisions than that is read a little slower.
MAX_KNOWN = 1 << 16

_STAMP = rb"\d{1,12}\.\d{3}:\d{1,20}"
_ROW = re.compile(rb"^type=(\w+) msg=audit\((" + _STAMP + rb")\) ?:? {0,2}(.*)$", re.MULTILINE)

_CALL = re.compile(rb"arch=[0-9a-f]+ syscall=\d+")

_RAW = Form.RAW

# All kinds that are read but those that say nothing to a tally and are never reported as unread.
_TELLING = frozenset(READERS) - {b"EXECVE", b"PROCTITLE", b"SOCKADDR"}
_HEAD = re.compile(rb"avc:  (?:denied|granted)  (?:\{[^{}]*\}|null)")

_K = TypeVar("_K")
_V = TypeVar("_V")


class _Known(NamedTuple):
    """A decision that was read before, where its permissions are counted, and its path if no PATH record helps."""

    decision: AccessDecision
    seen: Sequence[Seen]
    path: str


class _Call(NamedTuple):
    """What a tally wants of a SYSCALL record."""

    name: str
    exe: str
    comm: str


_NO_CALL = _Call("", "", "")


def tally_blocks(blocks: Iterable[bytes], origin: str, tally: Tally) -> None:
    """Add the log of whole lines in BLOCKS, called ORIGIN, to TALLY, with what was not understood."""
    digest = _Digest(origin, tally)
    for group in join(chain.from_iterable(_rows(blocks, origin, tally.unread))):
        digest.add(group)


def _rows(blocks: Iterable[bytes], origin: str, unread: Callable[[Unread], None]) -> Iterator[Iterable[Row]]:
    line = 1
    for block in blocks:
        lines = block.count(b"\n") + 1
        found = _ROW.findall(block)
        if len(found) == lines == block.count(b"msg=audit(") and b"\r" not in block:
            kinds, stamps, bodies = zip(*found, strict=True)
            yield zip(stamps, kinds, bodies, count(line), repeat(_RAW), strict=False)
        else:
            yield read_records(block.split(b"\n"), origin, unread, line)
        line += lines


class _Digest:
    """Adds events to a tally, and remembers what it has read."""

    def __init__(self, origin: str, tally: Tally) -> None:
        self._origin = origin
        self._tally = tally
        self._known: dict[tuple[bytes, bytes], _Known] = {}
        self._items: dict[tuple[bytes, bytes], PathItem | None] = {}
        self._calls: dict[tuple[bytes, bytes], _Call] = {}

    def add(self, group: Sequence[Row]) -> None:
        """Add the event whose records are GROUP."""
        decisions: list[_Known] = []
        call = _NO_CALL
        cwd = b""
        paths: list[bytes] = []
        for _, kind, body, _, form in group:
            if kind not in _TELLING:
                continue
            known: _Known | _Call | None = None
            if form is not _RAW:
                pass
            elif kind == b"AVC":
                known = self._decision(body)
                if known is not None:
                    decisions.append(known)
            elif kind == b"SYSCALL":
                known = self._call(body)
                if known is not None:
                    call = known
            elif kind == b"PATH" and body.startswith(b"item="):
                paths.append(body)
                continue
            elif kind == b"CWD":
                cwd = body
                continue
            if known is None:
                self._tally.add(assemble(group, self._origin, self._tally.unread))
                return
        self._tally.count_event(len(group))
        if decisions:
            self._count(decisions, call, cwd, paths, _timestamp(group[0][0]))

    def _count(
        self, decisions: Iterable[_Known], call: _Call, cwd: bytes, paths: Sequence[bytes], timestamp: int
    ) -> None:
        items: list[PathItem] | None = None
        for decision, seen, path in decisions:
            if paths and not decision.path:
                if items is None:
                    items = [item for body in paths if (item := self._item(body, cwd)) is not None]
                path = target_path(decision.name, decision.dev, decision.inode, items, "")
            use = (call.exe or decision.exe or decision.comm or call.comm, call.name, path)
            for one in seen:
                one.add(timestamp, use, decision.xperm)

    def _decision(self, body: bytes) -> _Known | None:
        head, _, rest = body.partition(b" for  pid=")
        pid, _, rest = rest.partition(b" ")
        if not pid.isdigit():
            return None
        known = self._known.get((head, rest))
        if known is None and _HEAD.fullmatch(head):
            problems: list[UnreadKind] = []
            message = decoded(head + b" for " + rest).strip()
            place = Location(self._origin, 0)
            decision = read_decision(message, place, _RAW, userspace=False, report=problems.append)
            if decision is not None and not problems:
                path = tidy(decision.path, "") or target_path(decision.name, decision.dev, decision.inode, (), "")
                known = _Known(decision, self._tally.seen(decision), path)
                _remember(self._known, (head, rest), known)
        return known

    def _call(self, body: bytes) -> _Call | None:
        # Between the two ends are the numbers of this one call, and nothing that is wanted.
        middle, mark, tail = body.partition(b" comm=")
        head, _, middle = middle.partition(b" success=")
        call = self._calls.get((head, tail))
        if call is None and mark and _CALL.fullmatch(head):
            found = fields(decoded(head + b" comm=" + tail).strip(), _RAW)
            arch = found.get("ARCH") or arch_name(found["arch"])
            call = _Call(
                found.get("SYSCALL") or syscall_name(arch, found["syscall"]),
                text_value(found.get("exe"), _RAW),
                text_value(found.get("comm"), _RAW),
            )
            _remember(self._calls, (head, tail), call)
        if b'"' in middle or b"exe=" in middle or b"SYSCALL=" in middle or b"ARCH=" in middle or b"comm=" in middle:
            return None
        return call

    def _item(self, body: bytes, cwd: bytes) -> PathItem | None:
        item = self._items.get((body, cwd))
        if item is None:
            item = read_path(decoded(body).strip(), _RAW)
            if item is not None:
                item = replace(item, name=tidy(item.name, read_cwd(decoded(cwd).strip(), _RAW)))
                _remember(self._items, (body, cwd), item)
        return item


def _remember(known: dict[_K, _V], key: _K, value: _V) -> None:
    if len(known) >= MAX_KNOWN:
        known.clear()
    known[key] = value


def _timestamp(key: bytes) -> int:
    seconds, _, rest = key.partition(b".")
    if seconds.isdigit() and rest[3:4] == b":":
        return int(seconds) * 1000 + int(rest[:3])
    return event_key(key).timestamp
