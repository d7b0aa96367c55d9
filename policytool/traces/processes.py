# SPDX-License-Identifier: GPL-2.0-or-later
"""The process tree of a log: which program ran which, from the records of execve, clone, fork and vfork.

The kernel writes a SYSCALL record when the call returns, so exe= of an execve is the new program. Whoever forked
the process before is its caller; of a vfork (posix_spawn, popen) the parent's own record comes after the child's.
Only auditd's own form is read. Pasted and interpreted logs give no tree, so they tell no caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policytool.model.context import ContextError, SecurityContext
from policytool.model.execution import Execution
from policytool.traces.fields import text_value
from policytool.traces.record import Form, decoded
from policytool.traces.syscalls import arch_name, numbers_of, syscall_name

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


class ProcessTree:
    """Follows processes through the blocks of one log, in the log's order."""

    def __init__(self) -> None:
        # (host, process) -> its parent and the program that it runs
        self._programs: dict[tuple[bytes, int], tuple[int, str]] = {}
        # (host, process) -> what it ran before its parent's record of the fork: parent, domain, program
        self._open: dict[tuple[bytes, int], tuple[int, str, str]] = {}
        self._found: set[Execution] = set()

    def follow(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Read BLOCKS of whole lines, and pass them on."""
        for block in blocks:
            self.add_block(block)
            yield block

    def add_block(self, block: bytes) -> None:
        """Read the records of BLOCK, whole lines."""
        call = _CALL_OF_NODE if _NODE.search(block) else _CALL
        for node, arch, number, result, ppid, pid, exe, subject in call.findall(block):
            name = syscall_name(arch_name(arch.decode()), number.decode())
            program = text_value(decoded(exe), Form.RAW)
            if name in _FORKS:
                self._forked(node, int(result), int(pid), program)
            elif name in _EXECS:
                self._ran(node, int(pid), int(ppid), _type(subject), program)

    def executions(self) -> tuple[Execution, ...]:
        """Return what was run so far, sorted; what the log does not tell the caller of is left out."""
        guessed = {self._guessed(node, *one) for (node, _), one in self._open.items()}
        return tuple(sorted(self._found | {one for one in guessed if _known(one)}))

    def _forked(self, node: bytes, child: int, parent: int, program: str) -> None:
        waiting = self._open.pop((node, child), None)
        if waiting is not None and waiting[0] == parent:
            self._keep(Execution(waiting[1], program, waiting[2]))
            return
        if waiting is not None:
            self._keep(self._guessed(node, *waiting))
        if len(self._programs) < _MANY:
            self._programs[node, child] = (parent, program)

    def _ran(self, node: bytes, pid: int, ppid: int, domain: str, program: str) -> None:
        parent, before = self._programs.get((node, pid), (0, ""))
        # A process whose parent has gone is init's; any other parent is that of an earlier process of this number.
        if before and ppid in (parent, _INIT):
            self._keep(Execution(domain, before, program))
        else:
            if (node, pid) in self._open:
                self._keep(self._guessed(node, *self._open[node, pid]))
            if len(self._open) < _MANY:
                self._open[node, pid] = (ppid, domain, program)
        if len(self._programs) < _MANY:
            self._programs[node, pid] = (ppid, program)

    def _guessed(self, node: bytes, ppid: int, domain: str, program: str) -> Execution:
        """Return an execution whose fork is not in the log: by what its parent ran last, if that is known."""
        return Execution(domain, self._programs.get((node, ppid), (0, ""))[1], program)

    def _keep(self, execution: Execution) -> None:
        if _known(execution) and len(self._found) < _MANY_EXECUTIONS:
            self._found.add(execution)


def _known(execution: Execution) -> bool:
    return all((execution.domain, execution.caller, execution.program))


def _type(subject: bytes) -> str:
    try:
        return SecurityContext.parse(decoded(subject).strip('"')).type_
    except ContextError:
        return ""
