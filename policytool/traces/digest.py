# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way from a log to its tally, which gives exactly what `Tally.add` of every event gives.

auditd writes most events whole: decisions, system call, paths, and PROCTITLE at their end. One regular expression
takes such an event in, without its process id and numbers. What remains repeats, so that each distinct decision,
call and path is read once, by the readers that `assemble` uses, and the rest is counting. Whatever is written in
another way is joined and assembled in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from policytool.model.event import AccessDecision, Location, PathItem, UnreadKind
from policytool.traces.assemble import READERS, assemble, read_cwd, read_path, target_path, tidy
from policytool.traces.avc import read_decision
from policytool.traces.fields import fields, text_value
from policytool.traces.join import Joiner
from policytool.traces.processes import ProcessTree
from policytool.traces.reader import read_records
from policytool.traces.record import Form, Row, decoded
from policytool.traces.syscalls import arch_name, syscall_name
from policytool.traces.tally import Seen, Tally

# Bounds what is remembered; a log with more distinct events than that is read a little slower.
MAX_KNOWN = 1 << 16

# Ten digits and three, so that bytes are in the order of the times that they write.
_STAMP = rb"\d{10}\.\d{3}:\d{1,20}"

_DECISION_BODY = rb"(avc:  (?:denied|granted)  \{[^{}\n]*\}) for  pid=\d+ ([^\n]*)"
_DECISION = rb"type=AVC msg=audit\(%s\): " + _DECISION_BODY + rb"\n"
_NUMBERS = (
    rb"(?: per=[0-9a-f]+)? success=(?:yes|no) exit=-?\d+ a0=[0-9a-f]+ a1=[0-9a-f]+ a2=[0-9a-f]+ a3=[0-9a-f]+"
    rb" items=\d+ ppid=\d+ pid=\d+ auid=\d+ uid=\d+ gid=\d+ euid=\d+ suid=\d+ fsuid=\d+ egid=\d+ sgid=\d+"
    rb" fsgid=\d+ tty=\S+ ses=\d+ "
)
# Kinds of records that say nothing to a tally; PATH and CWD name the object.
_QUIET = rb"EXECVE|SOCKADDR|MMAP|FD_PAIR|OBJ_PID|BPRM_FCAPS|CAPSET|IPC|IPC_SET_PERM|SOCKETCALL|MQ_\w+"
_REST = (
    rb"((?:type=(?:PATH msg=audit\(\1\): item=|(?:CWD|" + _QUIET + rb") msg=audit\(\1\): )[^\n]*\n)*)"
    rb"type=PROCTITLE msg=audit\(\1\): [^\n]*\n"
    # The next line is another event's, and is here: after the end of a block more of this one may follow.
    rb"(?!type=\w+ msg=audit\(\1\)|\Z)"
)
_CALL_BODY = rb"(arch=[0-9a-f]+ syscall=\d+)" + _NUMBERS + rb"(comm=[^\n]*)"
_CALL = rb"type=SYSCALL msg=audit\(\1\): " + _CALL_BODY + rb"\n"
# Events with more decisions than that are joined.
_MANY = 6
_EVENT = re.compile(
    _DECISION % (rb"(" + _STAMP + rb")") + (_MANY - 1) * (rb"(?:" + _DECISION % rb"\1" + rb")?") + _CALL + _REST
)
_CALL_ALONE = re.compile(
    rb"type=SYSCALL msg=audit\((" + _STAMP + rb")\): arch=[0-9a-f]+ syscall=\d+[^\n]*\n" + _REST
)

# One record of an event that is not whole.
_ROW = re.compile(rb"type=(\w+) msg=audit\((" + _STAMP + rb")\) ?:? {0,2}([^\n]*)(?:\n|\Z)")
_STAMPED = re.compile(_STAMP)
_DECIDED = re.compile(_DECISION_BODY)
_CALLED = re.compile(_CALL_BODY)
_TELLING = frozenset(READERS) - {b"EXECVE", b"PROCTITLE", b"SOCKADDR"}

_RAW = Form.RAW

# What tells whole events apart: head and rest of each decision (None where there are fewer), head and tail of the
# call, and the paths without stamps.
_Shape = tuple[bytes | None, ...]

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


@dataclass(slots=True)
class _Count:
    """How many events have one shape, and the stamps of the first and the last."""

    events: int
    first: bytes
    last: bytes


_NO_CALL = _Call("", "", "")


def tally_blocks(blocks: Iterable[bytes], origin: str, tally: Tally) -> None:
    """Add the log of whole lines in BLOCKS, called ORIGIN, to TALLY, with what was not understood."""
    digest = _Digest(origin, tally)
    for block in blocks:
        digest.add_block(block)
    digest.finish()


class _Digest:
    """Adds events to a tally, and remembers what it has read."""

    def __init__(self, origin: str, tally: Tally) -> None:
        self._origin = origin
        self._tally = tally
        self._line = 1
        self._joiner = Joiner()
        self._processes = ProcessTree()
        # Whole events by shape: how many, and the stamps of the first and the last.
        self._counts: dict[_Shape, _Count] = {}
        self._known: dict[tuple[bytes, bytes], _Known | None] = {}
        self._items: dict[tuple[bytes, bytes], PathItem | None] = {}
        self._calls: dict[tuple[bytes, bytes], _Call] = {}

    def add_block(self, block: bytes) -> None:
        """Add a block of whole lines, without the last line end."""
        self._processes.add_block(block)
        event, alone, counts, pass_by = _EVENT.match, _CALL_ALONE.match, self._counts, self._joiner.pass_by
        place, size = 0, len(block)
        while place <= size:
            shape: _Shape = ()
            if match := event(block, place):
                stamp, *parts, paths = match.groups()
                shape = (*parts, paths.replace(stamp, b"") if b"type=PATH" in paths else b"")
            elif match := alone(block, place):
                stamp = match[1]
            else:
                place = self._add_line(block, place)
                continue
            ended = pass_by(stamp)
            if ended is None:
                place = self._add_line(block, place)
                continue
            if ended:
                self._add_groups(ended)
            count = counts.get(shape)
            if count is not None:
                count.events += 1
                if stamp < count.first:
                    count.first = stamp
                elif stamp > count.last:
                    count.last = stamp
            elif not self._add_shape(shape, stamp):
                place = self._add_line(block, place)
                continue
            end = match.end()
            lines = block.count(b"\n", place, end)
            self._tally.count_event(lines)
            self._line += lines
            place = end

    def finish(self) -> None:
        """Add what is still open, and what was counted."""
        self._add_groups(self._joiner.rest())
        self._flush()
        self._tally.executions = self._processes.executions()

    def _add_line(self, block: bytes, place: int) -> int:
        """Add the line of BLOCK at PLACE on the long way, and return the place of the next one."""
        match = _ROW.match(block, place)
        if match is not None and b"msg=audit(" not in match[3]:
            row = (match[2], match[1], match[3], self._line, _RAW)
            self._add_groups(self._joiner.add(row))
            end = match.end()
            self._line += 1
            return end if block[end - 1 : end] == b"\n" else len(block) + 1
        end = block.find(b"\n", place)
        end = len(block) if end < 0 else end
        for row in read_records([block[place:end]], self._origin, self._tally.unread, self._line):
            self._add_groups(self._joiner.add(row))
        self._line += 1
        return end + 1

    def _add_groups(self, groups: Iterable[Sequence[Row]]) -> None:
        """Add events that were joined; those with anything unusual in them are assembled in full."""
        for group in groups:
            shape = _shape(group)
            if shape is None or not self._add_shape(shape, group[0][0]):
                self._tally.add(assemble(group, self._origin, self._tally.unread))
            else:
                self._tally.count_event(len(group))

    def _add_shape(self, shape: _Shape, stamp: bytes) -> bool:
        """Count an event of SHAPE; False if there is anything to report of a decision in it."""
        count = self._counts.get(shape)
        if count is None:
            if not all(self._decision(head, rest) for head, rest in _decisions(shape)):
                return False
            if len(self._counts) >= MAX_KNOWN:
                self._flush()
            count = self._counts[shape] = _Count(0, stamp, stamp)
        count.events += 1
        count.first = min(count.first, stamp)
        count.last = max(count.last, stamp)
        return True

    def _flush(self) -> None:
        """Add what was counted to the tally, and forget it."""
        for shape, count in self._counts.items():
            if count.events and shape:
                self._count(shape, count)
        self._counts.clear()

    def _count(self, shape: _Shape, count: _Count) -> None:
        *_, head, tail, paths = shape
        call = self._call(head, tail) if head and tail else _NO_CALL
        first, last = _timestamp(count.first), _timestamp(count.last)
        items: list[PathItem] | None = None
        for part in _decisions(shape):
            known = self._decision(*part)
            if known is None:
                raise AssertionError(f"not readable any more: {part!r}")
            decision, seen, path = known
            if paths and not decision.path:
                if items is None:
                    items = self._items_of(paths)
                path = target_path(decision.name, decision.dev, decision.inode, items, "")
            use = (call.exe or decision.exe or decision.comm or call.comm, call.name, path)
            for one in seen:
                one.add(first, last, use, decision.xperm, count.events)

    def _decision(self, head: bytes, rest: bytes) -> _Known | None:
        """Read a decision; None when there is anything to report of it."""
        if (head, rest) in self._known:
            return self._known[head, rest]
        problems: list[UnreadKind] = []
        message = decoded(head + b" for " + rest).strip()
        place = Location(self._origin, 0)
        decision = read_decision(message, place, _RAW, userspace=False, report=problems.append)
        known = None
        if decision is not None and not problems:
            path = tidy(decision.path, "") or target_path(decision.name, decision.dev, decision.inode, (), "")
            known = _Known(decision, self._tally.seen(decision), path)
        _remember(self._known, (head, rest), known)
        return known

    def _call(self, head: bytes, tail: bytes) -> _Call:
        call = self._calls.get((head, tail))
        if call is None:
            found = fields(decoded(head + b" " + tail).strip(), _RAW)
            arch = found.get("ARCH") or arch_name(found["arch"])
            call = _Call(
                found.get("SYSCALL") or syscall_name(arch, found["syscall"]),
                text_value(found.get("exe"), _RAW),
                text_value(found.get("comm"), _RAW),
            )
            _remember(self._calls, (head, tail), call)
        return call

    def _items_of(self, paths: bytes) -> list[PathItem]:
        """Read the PATH records among PATHS, lines whose stamps are gone."""
        lines = [line.partition(b" msg=audit(): ") for line in paths.splitlines()]
        cwd = next((body for kind, _, body in reversed(lines) if kind == b"type=CWD"), b"")
        bodies = (body for kind, _, body in lines if kind == b"type=PATH")
        return [item for body in bodies if (item := self._item(body, cwd)) is not None]

    def _item(self, body: bytes, cwd: bytes) -> PathItem | None:
        item = self._items.get((body, cwd))
        if item is None:
            item = read_path(decoded(body).strip(), _RAW)
            if item is not None:
                item = replace(item, name=tidy(item.name, read_cwd(decoded(cwd).strip(), _RAW)))
                _remember(self._items, (body, cwd), item)
        return item


def _shape(group: Sequence[Row]) -> _Shape | None:
    """Return the shape of an event that was joined, () if nothing is to be read in it, None if it is unusual."""
    decisions: list[bytes] = []
    call: tuple[bytes | None, bytes | None] = (None, None)
    paths = []
    if not _STAMPED.fullmatch(group[0][0]):
        return None
    for _, kind, body, _, form in group:
        if kind not in _TELLING:
            continue
        if form is not _RAW or b"\r" in body:
            return None
        if kind == b"AVC" and (match := _DECIDED.fullmatch(body)):
            decisions += match.groups()
        elif kind == b"SYSCALL" and (match := _CALLED.fullmatch(body)):
            call = match[1], match[2]
        elif kind == b"CWD" or (kind == b"PATH" and body.startswith(b"item=")):
            paths.append(b"type=" + kind + b" msg=audit(): " + body + b"\n")
        else:
            return None
    if not decisions:
        return ()
    return (*decisions, *call, b"".join(paths) if any(line.startswith(b"type=PATH") for line in paths) else b"")


def _decisions(shape: _Shape) -> Iterator[tuple[bytes, bytes]]:
    """Yield head and rest of the decisions of SHAPE."""
    for head, rest in zip(shape[:-3:2], shape[1:-3:2], strict=True):
        if head is not None and rest is not None:
            yield head, rest


def _remember(known: dict[_K, _V], key: _K, value: _V) -> None:
    if len(known) >= MAX_KNOWN:
        known.clear()
    known[key] = value


def _timestamp(stamp: bytes) -> int:
    return int(stamp[:10]) * 1000 + int(stamp[11:14])
