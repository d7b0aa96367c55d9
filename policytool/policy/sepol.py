# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions put to libsepol's shared library itself: tens of microseconds each, where audit2why takes milliseconds.

audit2why has a copy of libsepol of its own, and tries every boolean for each access that no rule allows. The
library exports what is asked here since version 3.4 (libsepol/src/libsepol.map.in).
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_char_p, c_size_t, c_uint, c_uint16, c_uint32, c_void_p
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from pathlib import Path

from policytool.errors import InputError, ToolFailedError

_LIBRARY = "libsepol.so.2"


class Reason(IntFlag):
    """Why an access is denied (SEPOL_COMPUTEAV_ of sepol/policydb/services.h)."""

    RULE = 1
    CONSTRAINT = 2
    ROLE = 4
    BOUNDS = 8


@dataclass(frozen=True, slots=True)
class SepolAnswer:
    """What libsepol says to one permission: the reasons against it, none if it is allowed.

    Where no rule allows it, it looks at nothing else. `hidden` says that a dontaudit rule keeps the denial out of
    the log, `constraints` which ones deny it, in words.
    """

    reasons: Reason
    hidden: bool
    constraints: str


class _Decision(Structure):
    _fields_ = (
        ("allowed", c_uint32),
        ("decided", c_uint32),
        ("auditallow", c_uint32),
        ("auditdeny", c_uint32),
        ("seqno", c_uint32),
    )


@cache
def _library() -> ctypes.CDLL | None:
    """Return the library with the types of what is asked of it, None where it is missing or lacks something."""
    try:
        found = ctypes.CDLL(_LIBRARY)
        found.sepol_set_policydb_from_file.argtypes = [c_void_p]
        found.sepol_context_to_sid.argtypes = [c_char_p, c_size_t, POINTER(c_uint32)]
        found.sepol_string_to_security_class.argtypes = [c_char_p, POINTER(c_uint16)]
        found.sepol_string_to_av_perm.argtypes = [c_uint16, c_char_p, POINTER(c_uint32)]
        found.sepol_compute_av_reason_buffer.argtypes = [
            *(c_uint32, c_uint32, c_uint16, c_uint32),
            *(POINTER(_Decision), POINTER(c_uint), POINTER(c_void_p), c_uint),
        ]
    except (OSError, AttributeError):
        return None
    return found


@cache
def _libc() -> ctypes.CDLL:
    found = ctypes.CDLL(None)
    found.fopen.argtypes = [c_char_p, c_char_p]
    found.fopen.restype = c_void_p
    found.fclose.argtypes = [c_void_p]
    found.free.argtypes = [c_void_p]
    return found


def is_available() -> bool:
    """Say whether the library can be asked on this machine."""
    return _library() is not None


class SepolPolicy:
    """The policy that the library holds: one for the whole process, so that only the last one made may be asked.

    Names and contexts have to be such as the policy has; libsepol complains of others on stderr.
    """

    def __init__(self, path: Path) -> None:
        """Load the binary policy PATH. InputError when the library cannot read it."""
        library = _library()
        if library is None:
            raise ToolFailedError(f"{_LIBRARY} has no questions; apt install libsepol2 (3.4 or newer)")
        self.path = path
        self._library = library
        self._sids: dict[str, c_uint32] = {}
        self._classes: dict[str, c_uint16] = {}
        self._perms: dict[tuple[str, str], c_uint32] = {}
        stream = _libc().fopen(str(path).encode("utf-8", "surrogateescape"), b"r")
        if not stream:
            raise InputError(f"{path}: cannot be read")
        try:
            if library.sepol_set_policydb_from_file(stream):
                raise InputError(f"libsepol cannot read {path}")
        finally:
            _libc().fclose(stream)

    def ask(self, source: str, target: str, tclass: str, perm: str) -> SepolAnswer:
        """Return what the policy says of PERM that the context SOURCE asks of TARGET, of class TCLASS.

        ToolFailedError when libsepol does not know one of the words.
        """
        wanted = self._perm(tclass, perm)
        decision, reasons, text = _Decision(), c_uint(), c_void_p()
        failed: int = self._library.sepol_compute_av_reason_buffer(
            self._sid(source),
            self._sid(target),
            self._class(tclass),
            wanted,
            byref(decision),
            byref(reasons),
            byref(text),
            0,
        )
        try:
            constraints = ctypes.string_at(text.value).decode("utf-8", "replace") if text.value else ""
        finally:
            _libc().free(text)
        self._require(not failed, f"{source} {target} {tclass} {perm}")
        return SepolAnswer(Reason(reasons.value), bool(wanted.value & ~decision.auditdeny), constraints)

    def _sid(self, context: str) -> c_uint32:
        # libsepol looks contexts up one by one, so each is asked for once.
        if context not in self._sids:
            number = c_uint32()
            text = context.encode()
            self._require(not self._library.sepol_context_to_sid(text, len(text) + 1, byref(number)), context)
            self._sids[context] = number
        return self._sids[context]

    def _class(self, tclass: str) -> c_uint16:
        if tclass not in self._classes:
            number = c_uint16()
            self._require(not self._library.sepol_string_to_security_class(tclass.encode(), byref(number)), tclass)
            self._classes[tclass] = number
        return self._classes[tclass]

    def _perm(self, tclass: str, perm: str) -> c_uint32:
        if (tclass, perm) not in self._perms:
            bits = c_uint32()
            known = not self._library.sepol_string_to_av_perm(self._class(tclass), perm.encode(), byref(bits))
            self._require(known, f"{tclass} {perm}")
            self._perms[tclass, perm] = bits
        return self._perms[tclass, perm]

    def _require(self, known: bool, what: str) -> None:
        if not known:
            raise ToolFailedError(f"libsepol has no answer for {what} in {self.path}")
