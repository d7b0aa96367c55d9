# SPDX-License-Identifier: GPL-2.0-or-later
"""The records of one event, decoded and put together."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from policytool.model.context import ContextError, SecurityContext
from policytool.model.event import (
    AccessDecision,
    Location,
    PathItem,
    SelinuxError,
    Syscall,
    TraceEvent,
    Unread,
    UnreadKind,
)
from policytool.traces.events import strace_call
from policytool.traces.events.asked_by import read_arch, read_args, read_call
from policytool.traces.events.avc import is_notice, read_decision
from policytool.traces.events.fields import field_pairs, fields, number, plain, text_value
from policytool.traces.events.naming import name_objects
from policytool.traces.events.record import Form, Record, Row, decoded, event_key
from policytool.traces.events.record_paths import begin_in_cwd, named_from, path_of_decision

# How much of an unread line is kept, in characters.
MAX_TEXT = 200

# How much of the name of a SELINUX_ERR record.
MAX_OP = 60

_ERRNO = re.compile(r"-?\d+|([A-Z0-9]+)\(")
_SUCCESS: Mapping[str | None, bool] = {"yes": True, "no": False, "1": True, "0": False}
_OLD_OP = re.compile(r"[a-z]\w{1,60}(?=:)")
_INVALID = re.compile(r"invalid context (\S{1,400}) for")


@dataclass(slots=True)
class _Draft:
    """An event in the making."""

    origin: str
    unread: Callable[[Unread], None]
    decisions: list[AccessDecision] = field(default_factory=list)
    syscall: Syscall | None = None
    cwd: str = ""
    avc_path: str = ""
    paths: list[PathItem] = field(default_factory=list)
    errors: list[SelinuxError] = field(default_factory=list)

    def report(self, record: Record, kind: UnreadKind) -> None:
        text = decoded(record.kind + b" " + record.body[: 4 * MAX_TEXT])[:MAX_TEXT]
        self.unread(Unread(Location(self.origin, record.line), kind, text))


def assemble(rows: Sequence[Row], origin: str, unread: Callable[[Unread], None]) -> TraceEvent:
    """Join ROWS, at least one and all with one key, to an event; what cannot be read goes to UNREAD."""
    draft = _Draft(origin, unread)
    for record in map(Record._make, rows):
        reader = READERS.get(record.kind)
        if reader is not None:
            reader(draft, record, decoded(record.body).strip())
    key = event_key(rows[0][0])
    call, args = ("", ()) if draft.syscall is None else (draft.syscall.name, draft.syscall.args)
    folder = draft.cwd if begin_in_cwd(call, lambda: args) else ""
    paths = tuple(named_from(item, folder) for item in draft.paths)
    pathed = tuple(
        replace(decision, path=path_of_decision(decision.path, draft.avc_path)) for decision in draft.decisions
    )
    named, places = name_objects(pathed, paths, key.node, call)
    return TraceEvent(
        key=key,
        decisions=tuple(
            replace(decision, path=name.path, folder=name.folder, identity=name.identity)
            for decision, name in zip(pathed, named, strict=True)
        ),
        syscall=draft.syscall,
        paths=paths,
        errors=tuple(draft.errors),
        records=len(rows),
        places=places,
    )


def _context(text: str) -> SecurityContext | None:
    try:
        return SecurityContext.parse(text)
    except ContextError:
        return None


def _avc(draft: _Draft, record: Record, text: str) -> None:
    if text.startswith(("apparmor=", "lsm=", "selinux=")) or is_notice(text):
        # Other security modules write the same record type.
        return
    _decide(draft, record, text, userspace=False)


def _user_avc(draft: _Draft, record: Record, text: str) -> None:
    at = text.find("avc:")
    if at < 0:
        # An object manager's other messages (dbus: "Can't send to audit system") are not decisions.
        if "msg='" not in text or text.count("'") % 2:
            draft.report(record, UnreadKind.TRUNCATED)
        return
    if not is_notice(text[at:]):
        _decide(draft, record, text[at:], userspace=True)


def _decide(draft: _Draft, record: Record, text: str, userspace: bool) -> None:
    decision = read_decision(
        text,
        Location(draft.origin, record.line),
        record.form,
        userspace,
        lambda kind: draft.report(record, kind),
    )
    if decision is not None:
        draft.decisions.append(decision)


def _avc_path(draft: _Draft, record: Record, text: str) -> None:
    draft.avc_path = text_value(fields(text, record.form).get("path"), record.form).removesuffix(" (deleted)")


def _syscall(draft: _Draft, record: Record, text: str) -> None:
    found = fields(text, record.form)
    form = record.form
    if "syscall" not in found:
        draft.report(record, UnreadKind.TRUNCATED)
        return
    call = read_call(found, form)
    draft.syscall = Syscall(
        name=call.name,
        arch=read_arch(found),
        success=_SUCCESS.get(found.get("success")),
        exit=_exit(found.get("exit", "")),
        args=read_args(found),
        pid=number(found.get("pid")),
        ppid=number(found.get("ppid")),
        comm=call.comm,
        exe=call.exe,
        subject=_context(found.get("subj", "")),
        key=text_value(found.get("key"), form),
    )


def _strace(draft: _Draft, record: Record, text: str) -> None:
    draft.syscall = strace_call.read_call(text)
    if draft.syscall is None:
        draft.report(record, UnreadKind.MALFORMED)


def _exit(text: str) -> int | None:
    match = _ERRNO.match(text)
    if match is None:
        return None
    if match[1] is None:
        return number(match[0])
    code = getattr(errno, match[1], None)
    return -code if isinstance(code, int) else None


def _cwd(draft: _Draft, record: Record, text: str) -> None:
    draft.cwd = read_cwd(text, record.form)


def read_cwd(text: str, form: Form) -> str:
    """Read the body of a CWD record; "" if it is cut short."""
    return text_value(fields(text, form).get("cwd"), form)


def _path(draft: _Draft, record: Record, text: str) -> None:
    path = read_path(text, record.form)
    if path is None:
        draft.report(record, UnreadKind.TRUNCATED)
    else:
        draft.paths.append(path)


def read_path(text: str, form: Form) -> PathItem | None:
    """Read the body of a PATH record; None if it is cut short. The name is as the record has it."""
    found = fields(text, form)
    if "item" not in found:
        return None
    mode = found.get("mode", "")
    return PathItem(
        item=number(found["item"]) or 0,
        name=text_value(found.get("name"), form),
        nametype=plain(found.get("nametype")),
        inode=number(found.get("inode")),
        dev=plain(found.get("dev")),
        # Interpreted: `file,644`.
        mode=number(mode.rpartition(",")[2], 8),
    )


def _selinux_err(draft: _Draft, record: Record, text: str) -> None:
    message = text.partition("msg='")[2] or text
    pairs = field_pairs(message, record.form)
    op = dict(pairs).get("op")
    known = [(key, text_value(value, record.form)) for key, value in pairs if key != "op" and key.islower()]
    if op is None:
        # Older kernels: `security_compute_sid:  invalid context a:b:c for scontext=…`.
        old = _OLD_OP.match(message)
        op = old[0] if old else ""
        known += [("invalid_context", found[1]) for found in _INVALID.finditer(message)]
    if not op:
        draft.report(record, UnreadKind.TRUNCATED)
        return
    if record.kind == b"USER_SELINUX_ERR" and op in _NOTICES:
        return
    draft.errors.append(SelinuxError(Location(draft.origin, record.line), op[:MAX_OP], tuple(known)))


# What a program with an access vector cache tells of itself: nothing was refused (libselinux, avc_internal.c).
_NOTICES = frozenset(("load_policy", "setenforce"))

# What is read of each kind of record; all other kinds are only counted.
READERS: Mapping[bytes, Callable[[_Draft, Record, str], None]] = {
    b"AVC": _avc,
    b"USER_AVC": _user_avc,
    b"AVC_PATH": _avc_path,
    b"SYSCALL": _syscall,
    b"CWD": _cwd,
    b"PATH": _path,
    b"SELINUX_ERR": _selinux_err,
    b"USER_SELINUX_ERR": _selinux_err,
    strace_call.KIND: _strace,
}
