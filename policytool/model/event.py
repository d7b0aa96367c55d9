# SPDX-License-Identifier: GPL-2.0-or-later
"""One audit event, joined from all its records, and what a reader could not read.

Field names follow the records themselves: see the audit event field dictionary of audit-documentation and, for
the AVC record, security/selinux/avc.c and security/lsm_audit.c of the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policytool.model.access import Result
from policytool.model.context import SecurityContext
from policytool.model.identity import NOTHING, Identity, Place

# The end of the year 9999 in UTC, the last that ISO 8601 and Python write in four digits. A log may claim more.
MAX_MILLISECONDS = 253402300799999


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where in the input: the name of the log and the line, counted from 1."""

    origin: str
    line: int

    def __str__(self) -> str:
        return f"{self.origin}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class EventKey:
    """What makes records one event. A serial alone repeats over a log; `node` is "" when the record has none.

    `timestamp` is in milliseconds since the epoch.
    """

    node: str
    timestamp: int
    serial: int


@dataclass(frozen=True, slots=True)
class AccessDecision:
    """One `avc:` record, of the kernel (AVC) or of a user-space object manager (USER_AVC).

    `path` is the best absolute path known for the target, from the record itself or from the event's other
    records, "" when nothing names it; the port of a socket stands in its place (model.ports). Where it is that of
    an entry in a folder, the target is `folder`. `identity` is what tells an object that has no path. `xperm` is
    the ioctl command or netlink message type, if any.
    """

    location: Location
    result: Result
    perms: tuple[str, ...]
    source: SecurityContext
    target: SecurityContext
    tclass: str
    permissive: bool | None = None
    pid: int | None = None
    comm: str = ""
    exe: str = ""
    path: str = ""
    name: str = ""
    dev: str = ""
    inode: int | None = None
    xperm: int | None = None
    folder: str = ""
    identity: Identity = NOTHING


@dataclass(frozen=True, slots=True)
class Syscall:
    """A SYSCALL record, or a call in strace's words.

    `name` is the call's name, `exit` its return value (negative: an errno), None unknown. Arguments are numbers in
    `args` (audit logs the first four), or `words` as strace prints them.
    """

    name: str
    arch: str = ""
    success: bool | None = None
    exit: int | None = None
    args: tuple[int, ...] = ()
    pid: int | None = None
    ppid: int | None = None
    comm: str = ""
    exe: str = ""
    subject: SecurityContext | None = None
    key: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PathItem:
    """A PATH record: an object that the call named. `name` is absolute where CWD tells."""

    item: int
    name: str
    nametype: str
    inode: int | None = None
    dev: str = ""
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class SelinuxError:
    """A SELINUX_ERR record: a decision outside the access vector cache (role, range, bounds, no_new_privs)."""

    location: Location
    op: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """Who did what to what, with the proof: all records of one event. Most parts may be missing.

    `places` is where objects were seen, each with whether it was removed.
    """

    key: EventKey
    decisions: tuple[AccessDecision, ...] = ()
    syscall: Syscall | None = None
    paths: tuple[PathItem, ...] = ()
    errors: tuple[SelinuxError, ...] = ()
    records: int = 0
    places: tuple[tuple[Place, bool], ...] = ()


class UnreadKind(StrEnum):
    """Why a line or record was not understood."""

    NOT_A_RECORD = "not a record"
    WITHIN_TEXT = "record within other text"
    BAD_STAMP = "bad time stamp"
    BAD_CONTEXT = "bad security context"
    TRUNCATED = "truncated record"
    MALFORMED = "malformed record"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in the input that was not understood, with its first characters (hostile: escape them)."""

    location: Location
    kind: UnreadKind
    text: str
