# SPDX-License-Identifier: GPL-2.0-or-later
"""journald's exports: `journalctl -o json` (one object a line), `-o json-pretty`, `-o export`; and others' JSON.

journald takes records from the kernel itself (`_TRANSPORT=audit`: `_AUDIT_ID` is the serial, MESSAGE the kind and
the text) and keeps what the kernel and programs print. Its fields with a leading underscore are its own and true.
See systemd.journal-fields(7), and systemd's JOURNAL_EXPORT_FORMATS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from policytool.model.event import UnreadKind
from policytool.traces.events.fields import form_of
from policytool.traces.events.record import Record, Report, full_key, kind_name, placed

# The first line of every entry of the export format.
EXPORT = b"__CURSOR="

# What an entry is of use for; everything else is passed over.
_FIELDS = frozenset(
    b"MESSAGE _TRANSPORT _AUDIT_ID _AUDIT_TYPE _AUDIT_TYPE_NAME _HOSTNAME _UID _SOURCE_REALTIME_TIMESTAMP "
    b"__REALTIME_TIMESTAMP".split()
)
Fields = Mapping[bytes, bytes]
ReadText = Callable[[bytes, int, Report], Sequence[Record] | None]

_NAME = re.compile(rb"[A-Z_][A-Z0-9_]{0,63}")
# 17 digits of microseconds are the year 5138.
_DIGITS = re.compile(rb"\d{1,17}")
_JSON = re.compile(rb"\s*(?:\x1e|data: ?|\[|,)?\s*\{")
_PRETTY = re.compile(rb'\s*"([\w.@]{1,64})"\s*:\s*("(?:[^"\\]|\\.)*")\s*,?\s*')

# Where programs that log in JSON put the text of a message; a name and, one level deeper, a name of its parent.
_NAMES = (
    "MESSAGE message Message msg log line text raw _raw event original full_log full_message textPayload @message "
    "jsonPayload data short_message"
)
_MESSAGES = frozenset(_NAMES.split())
_DEPTH = 4
_NOT_TEXT = "the entry has no text that can be read"


class Export:
    """One entry of the export format: lines `NAME=value`, or NAME, a length, and bytes that may hold line ends."""

    # A line whose end is missing may have been cut; no field that is of use is as long.
    _LONGEST = 1 << 16

    def __init__(self, line: int) -> None:
        """Begin with the line numbered LINE."""
        self.line = line
        self.damaged = False
        self._found: dict[bytes, bytes] = {}
        self._name = b""
        self._bytes = bytearray()
        self._missing: int | None = None
        self._lines = 0

    @property
    def fields(self) -> Fields:
        """What was found of use so far."""
        return self._found

    @property
    def unfinished(self) -> bool:
        """Whether a value has fewer bytes so far than its length says: cut short, or a line too long to be kept."""
        return bool(self._name)

    def add(self, line: bytes) -> bool:
        """Take a line; say whether the entry has ended: with an empty line, or where the next entry begins."""
        self._lines += 1
        if self._name:
            # The lengths are believed, so that no message can end its own entry.
            return self._add_bytes(line)
        line = line.removesuffix(b"\r")
        if not line:
            return True
        name, equals, value = line.partition(b"=")
        if line.startswith(EXPORT) and self._lines > 1:
            self.damaged = True
            return True
        if equals and _NAME.fullmatch(name):
            self._keep(name, value)
        elif not equals and _NAME.fullmatch(line):
            self._name, self._missing = line, None
            self._bytes.clear()
        else:
            self.damaged = True
        return False

    def _add_bytes(self, line: bytes) -> bool:
        self._bytes += line + b"\n"
        if self._missing is None:
            if len(self._bytes) < 8:
                return False
            # The value, and the line end after it.
            self._missing = int.from_bytes(self._bytes[:8], "little") + 1
            del self._bytes[:8]
        if len(self._bytes) < self._missing:
            if len(self._bytes) > self._LONGEST:
                self._missing -= len(self._bytes)
                self._name = b"_" if self._name == b"MESSAGE" else self._name
                self.damaged = self.damaged or self._name == b"_"
                self._bytes.clear()
            return False
        if len(self._bytes) > self._missing:
            # Another program's line ends, or a length that is not true: nothing of this entry is to be believed.
            self.damaged = True
        else:
            self._keep(self._name, bytes(self._bytes[:-1]))
        self._name, self._missing = b"", None
        self._bytes.clear()
        return False

    def _keep(self, name: bytes, value: bytes) -> None:
        if name in _FIELDS:
            self._found.setdefault(name, value)


def json_entries(line: bytes) -> Iterator[Fields] | None:
    """Return the entries that LINE holds as JSON; None if it is no JSON object or list of objects."""
    if pretty := _PRETTY.fullmatch(line):
        if pretty[1].decode("ascii", "replace") not in _MESSAGES:
            return None
        try:
            text = json.loads(pretty[2])
        except (ValueError, RecursionError):
            return None
        return iter([{b"MESSAGE": _encoded(text)}])
    if not _JSON.match(line):
        return None
    # A list may be on one line, or have each of its objects on one.
    texts = [line[line.find(b"{") :].rstrip().rstrip(b",]")]
    if line.lstrip()[:1] == b"[":
        texts.insert(0, line)
    for text in texts:
        try:
            # strict=False: a tab within a string is no reason to drop it.
            found = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        entries = found if isinstance(found, list) else [found]
        return (_entry(entry) for entry in entries) if entries else None
    return None


def _entry(found: object) -> Fields:
    if not isinstance(found, dict):
        return {}
    if "_TRANSPORT" in found or "__REALTIME_TIMESTAMP" in found:
        names = ((name, name.decode("ascii")) for name in _FIELDS)
        return {name: _encoded(found[key]) for name, key in names if found.get(key) is not None}
    return {b"MESSAGE": text} if (text := _message(found, _DEPTH)) else {}


def _message(found: object, depth: int) -> bytes:
    """Return the text of a message that somebody's JSON holds: the first that has anything of SELinux's in it."""
    if isinstance(found, str):
        text = _encoded(found)
        return text if b"avc:" in text or b"audit(" in text else b""
    if isinstance(found, dict) and depth:
        for key, value in found.items():
            if key in _MESSAGES and (text := _message(value, depth - 1)):
                return text
    return b""


def _encoded(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):
        # A value that is not UTF-8 is a list of bytes; a field that comes twice a list of values.
        if all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
            return bytes(byte for byte in value if isinstance(byte, int))
        return _encoded(value[0]) if value and isinstance(value[0], str) else b""
    return str(value).encode() if isinstance(value, int) else b""


def read_entry(
    fields: Fields, number: int, report: Report, read_text: ReadText, damaged: bool = False
) -> Sequence[Record]:
    """Return the records of an entry of the journal; READ_TEXT reads a message that a program has printed."""
    message = fields.get(b"MESSAGE", b"").strip()
    moment = _number(fields.get(b"_SOURCE_REALTIME_TIMESTAMP") or fields.get(b"__REALTIME_TIMESTAMP"))
    host = fields.get(b"_HOSTNAME", b"")
    host = host if re.fullmatch(rb"\S{1,255}", host) else b""
    serial = _number(fields.get(b"_AUDIT_ID"))
    if damaged or (serial is not None and not message):
        report(UnreadKind.MALFORMED if damaged else UnreadKind.TRUNCATED, message or _NOT_TEXT.encode())
        return ()
    if serial is not None and fields.get(b"_TRANSPORT", b"audit") == b"audit":
        kind = fields.get(b"_AUDIT_TYPE_NAME") or kind_name(fields.get(b"_AUDIT_TYPE", b""))
        first, _, body = message.partition(b" ")
        if not kind or first == kind:
            kind = first
        else:
            body = message
        body = body.strip()
        return (Record(full_key(host, (moment or 0) // 1000, serial), kind, body, number, form_of(body)),)
    # A line of dashes separates records in a log, and is nothing in a message.
    one_line = message.strip(b"-") and b"\n" not in message
    records = read_text(message, number, report) if one_line else None
    if records is None:
        report(UnreadKind.NOT_A_RECORD, message or b"-")
        return ()
    if _is_of_a_user(fields) and any(record.kind == b"AVC" or b" msg='" in record.body for record in records):
        # Any user may print what looks like the audit system's; journald says who it was.
        report(UnreadKind.MALFORMED, message)
        return ()
    return [placed(record, None if moment is None else moment // 1000, host) for record in records]


def _is_of_a_user(fields: Fields) -> bool:
    return fields.get(b"_TRANSPORT") not in (None, b"kernel") and fields.get(b"_UID", b"0") != b"0"


def _number(text: bytes | None) -> int | None:
    return int(text) if text and _DIGITS.fullmatch(text) else None
