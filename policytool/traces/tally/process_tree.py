# SPDX-License-Identifier: GPL-2.0-or-later
"""The process tree of a log: which program ran which, from the records of execve, clone, fork and vfork.

The kernel writes a SYSCALL record when the call returns, so exe= of an execve is the new program. Whoever forked
the process before is its caller; of a vfork (posix_spawn, popen) the parent's own record comes after the child's.
Only auditd's own form is read. Pasted and interpreted logs give no tree, so they tell no caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from policytool.model.context import ContextError, SecurityContext
from policytool.model.execution import Execution
from policytool.traces.events.asked_by import read_call
from policytool.traces.events.fields import text_value
from policytool.traces.events.record import Form, decoded
from policytool.traces.events.syscalls import numbers_of

_EXECS = frozenset({"execve", "execveat"})
_FORKS = frozenset({"clone", "clone3", "fork", "vfork"})
_NUMBERS = b"|".join(sorted(number.encode() for number in numbers_of(_EXECS | _FORKS)))

_BODY = (
    rb" arch=([0-9a-f]{1,8}) syscall=(" + _NUMBERS + rb")(?: per=[0-9a-f]{1,16})? success=yes exit=(\d{1,10})"
    rb"(?: a[0-3]=[0-9a-f]{1,16}){4} items=\d{1,10} ppid=(\d{1,10}) pid=(\d{1,10}) "
    rb"[^\n]{0,400}? exe=([^ \n\x1d]{1,8192}) subj=([^ \n\x1d]{1,8192})"
)
# A search for every record is quicker where no record names its host; several hosts have processes of one number.
_CALL = re.compile(rb"()" + _BODY)
_CALL_OF_NODE = re.compile(rb"(?m)^(?:node=([^ \n]{1,255}) )?[^\n]{0,200}?" + _BODY)
_NODE = re.compile(rb"(?m)^node=")

_INIT = 1

# Bounds what a log can make us remember; process ids of Linux are smaller than that (PID_MAX_LIMIT).
_MANY = 1 << 22
_MANY_EXECUTIONS = 1 << 14


class ExecutionProof(NamedTuple):
    """The lines, counted from 1, of two records: one whose exe= is the caller, and that of the execution itself."""

    caller: int
    program: int


class _Runs(NamedTuple):
    """A process: its parent, the program that it runs, and the line of the record that tells."""

    parent: int
    program: str
    line: int


class _Waits(NamedTuple):
    """What a process ran before its parent's record of the fork: parent, domain, program and the record's line."""

    parent: int
    domain: str
    program: str
    line: int


_NOBODY = _Runs(0, "", 0)


class ProcessTree:
    """Follows processes through the blocks of one log, in the log's order."""

    def __init__(self) -> None:
        # By host and process.
        self._programs: dict[tuple[bytes, int], _Runs] = {}
        self._open: dict[tuple[bytes, int], _Waits] = {}
        # Each with the first records that prove it.
        self._found: dict[Execution, ExecutionProof] = {}
        self._line = 1

    def follow(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Read BLOCKS of whole lines, and pass them on."""
        for block in blocks:
            self.add_block(block)
            yield block

    def add_block(self, block: bytes) -> tuple[int, ...]:
        """Read the records of BLOCK, whole lines but for the last line end; return the lines of those that tell."""
        call = _CALL_OF_NODE if _NODE.search(block) else _CALL
        line, begin = self._line, 0
        lines = []
        for match in call.finditer(block):
            line += block.count(b"\n", begin, match.start(2))
            begin = match.start(2)
            lines.append(line)
            self._add(match, line)
        self._line = line + block.count(b"\n", begin) + 1
        return tuple(lines)

    def executions(self) -> tuple[Execution, ...]:
        """Return what was run so far, sorted; what the log does not tell the caller of is left out."""
        return tuple(sorted(self.proofs()))

    def proofs(self) -> Mapping[Execution, ExecutionProof]:
        """Return what was run so far, each with the records that prove it."""
        found = dict(self._found)
        for (node, _), run in self._open.items():
            execution, proof = self._guessed(node, run)
            if _known(execution):
                found.setdefault(execution, proof)
        return found

    def _add(self, match: re.Match[bytes], line: int) -> None:
        node, arch, number, result, ppid, pid, exe, subject = match.groups()
        call = read_call({"arch": arch.decode(), "syscall": number.decode(), "exe": decoded(exe)}, Form.RAW)
        key = (node or b"", int(pid))
        if call.name in _FORKS:
            self._forked(key, int(result), _Runs(int(pid), call.exe, line))
        elif call.name in _EXECS:
            self._ran(key, _Waits(int(ppid), _type(subject), call.exe, line))

    def _forked(self, key: tuple[bytes, int], result: int, child: _Runs) -> None:
        node = key[0]
        waiting = self._open.pop((node, result), None)
        if waiting is not None and waiting.parent == child.parent:
            self._keep(
                Execution(waiting.domain, child.program, waiting.program), ExecutionProof(child.line, waiting.line)
            )
            return
        if waiting is not None:
            self._keep(*self._guessed(node, waiting))
        if len(self._programs) < _MANY:
            self._programs[node, result] = child

    def _ran(self, key: tuple[bytes, int], run: _Waits) -> None:
        before = self._programs.get(key, _NOBODY)
        # A process whose parent has gone is init's; any other parent is that of an earlier process of this number.
        if before.program and run.parent in (before.parent, _INIT):
            self._keep(Execution(run.domain, before.program, run.program), ExecutionProof(before.line, run.line))
        else:
            if key in self._open:
                self._keep(*self._guessed(key[0], self._open[key]))
            if len(self._open) < _MANY:
                self._open[key] = run
        if len(self._programs) < _MANY:
            self._programs[key] = _Runs(run.parent, run.program, run.line)

    def _guessed(self, node: bytes, run: _Waits) -> tuple[Execution, ExecutionProof]:
        """Return an execution whose fork is not in the log: by what its parent ran last, if that is known."""
        caller = self._programs.get((node, run.parent), _NOBODY)
        return Execution(run.domain, caller.program, run.program), ExecutionProof(caller.line, run.line)

    def _keep(self, execution: Execution, proof: ExecutionProof) -> None:
        if _known(execution) and len(self._found) < _MANY_EXECUTIONS:
            self._found.setdefault(execution, proof)


def proven(caller: bytes, program: bytes) -> Execution | None:
    """Return the execution that the lines CALLER and PROGRAM of a log prove; None if they are no such records."""
    by, ran = _CALL.search(caller), _CALL.search(program)
    if by is None or ran is None:
        return None
    return Execution(_type(ran[8]), text_value(decoded(by[7]), Form.RAW), text_value(decoded(ran[7]), Form.RAW))


def _known(execution: Execution) -> bool:
    return all((execution.domain, execution.caller, execution.program))


def _type(subject: bytes) -> str:
    try:
        return SecurityContext.parse(decoded(subject).strip('"')).type_
    except ContextError:
        return ""
