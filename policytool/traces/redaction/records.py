# SPDX-License-Identifier: GPL-2.0-or-later
"""Records without what they say of people, hosts and networks.

What policy is made of stays: contexts, classes, permissions, commands, devices, inodes, paths of the system. A
record is written again as auditd would write it, whatever format it was found in.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping

from policytool.traces.events import strace_call
from policytool.traces.events.record import Form, Record, decoded, encoded
from policytool.traces.events.written import split_key, written
from policytool.traces.redaction.pseudonyms import Pseudonyms
from policytool.traces.redaction.texts import (
    MAX_PROCTITLE,
    redact_any,
    redact_arguments,
    redact_command,
    redact_path,
)

# A field as the readers take it; `msg='` only opens the fields of user space.
_CALL_FIELD = re.compile(r"(?<![\w-])(comm|exe|key)=(\"[^\"]*\"?|[^\s\x1d']*)")
_FIELD = re.compile(r"(?<![\w-])(?!msg=')([A-Za-z_][\w-]*(?:\[\d+\])?)=(\"[^\"]*\"?|[^\s\x1d']*)")
_INTERPRETED = re.compile(r"(?:^|(?<=\s))([A-Za-z_][\w-]*(?:\[\d+\])?)=")
_ENRICHED = re.compile(r"([A-Z]{0,5}[UG]ID)=\"([^\"]*)\"")
_ARGUMENT = re.compile(r"a\d{1,6}(\[\d{1,6}\])?")
_INTERPRETED_ARGUMENT = re.compile(r"(?:^|(?<=\s))(a\d{1,6})=")
_HEX = re.compile(r"(?:[0-9A-F]{2})+")
_STRACE_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")

# Fields that policy is made of, or that name nothing: never touched.
_KEPT_FIELDS = """
scontext tcontext tclass subj obj oldcontext newcontext srawcon trawcon invalid_context taskcontext dev ino inode
mode rdev nametype item items arch syscall exit success pid ppid spid tpid opid ses tty permissive ioctlcmd perms
capability argc vm-ctx img-ctx res seresult cap_fp cap_fi cap_fe cap_fver cap_frootid terminal op
"""
_KEPT = frozenset(_KEPT_FIELDS.split())
# Numbers in raw records and names in interpreted ones.
_ID_FIELDS = """
auid uid euid suid fsuid ouid oauid sauid iuid loginuid gid egid sgid fsgid ogid igid id old-auid new-auid
"""
_IDS = frozenset(_ID_FIELDS.split())
_USERS = frozenset({"acct", "user", "grp"})
_PEOPLE = frozenset({"auid", "AUID", "loginuid", "sauid", "SAUID", "new-auid"})
_HOSTS = frozenset({"hostname", "host", "node", "rhost", "addr"})
_PATHS = frozenset({"path", "name", "exe", "cwd", "file", "dir", "watch", "root_dir"})
_COMMANDS = frozenset({"cmd", "cmdline", "argv"})
# Keystrokes.
_TYPED = frozenset({b"TTY", b"USER_TTY"})


# Bounds what is remembered.
MAX_KNOWN = 1 << 14


class Redactor:
    """Rewrites the records of a log, one after the other."""

    def __init__(self, names: Pseudonyms, *, every_argument: bool = False) -> None:
        """Replace by NAMES; EVERY_ARGUMENT: all arguments of commands and not only what looks private."""
        self.names = names
        self._every = every_argument
        # Bodies that were rewritten before: most are, again and again.
        self._known: dict[tuple[bytes, Form, bytes], str] = {}
        # The event whose command line is being read, its program and its last argument.
        self._command: tuple[bytes, str, str] = (b"", "", "")

    def line(self, record: Record) -> bytes:
        """Return RECORD as a line of a log, without its end."""
        text = decoded(record.body)
        if record.kind == strace_call.KIND:
            return encoded(self._strace(record.key, text))
        body = self._known.get((record.kind, record.form, record.body)) or self._rewritten(record, text)
        node, stamp = split_key(record.key)
        if node:
            node = encoded(self.node(decoded(node)))
        return written(node, stamp, record.kind, encoded(body), record.form)

    def forget(self) -> None:
        """Forget what was rewritten, since more is known of who is a person now."""
        self._known.clear()

    def node(self, node: str) -> str:
        """Replace the name of the host that a log is of."""
        return self.names.host(node, own=True)

    def label(self, text: str) -> str:
        """Replace people, hosts and addresses in a name that somebody gave: a trace's, a scenario's."""
        return " ".join(redact_path(self.names, word) for word in text.split(" "))

    def _rewritten(self, record: Record, text: str) -> str:
        body = self._body(record, text)
        # How an argument is rewritten depends on those before it.
        if record.kind != b"EXECVE":
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[record.kind, record.form, record.body] = body
        return body

    def _body(self, record: Record, text: str) -> str:
        interpreted = record.form is Form.INTERPRETED
        if record.kind == b"EXECVE" and interpreted:
            return self._pasted_arguments(record, text)
        if record.kind == b"PROCTITLE":
            head, equals, title = text.partition("proctitle=")
            return head + equals + self._title(title, interpreted)
        if record.kind == b"SYSCALL" and not interpreted:
            # Its arguments are numbers in hexadecimal.
            return _CALL_FIELD.sub(self._call_field, _ENRICHED.sub(self._account, text))
        if interpreted:
            parts = _INTERPRETED.split(text)
            pairs = zip(parts[1::2], parts[2::2], strict=True)
            return self._around(parts[0]) + "".join(
                f"{key}={self._pasted(record, key, value)}" for key, value in pairs
            )
        done, start = [], 0
        for match in _FIELD.finditer(text := _ENRICHED.sub(self._account, text)):
            done += [self._around(text[start : match.start()]), self._field(record, match)]
            start = match.end()
        return "".join((*done, self._around(text[start:])))

    def _around(self, text: str) -> str:
        return text if len(text) < 2 else redact_any(self.names, text)

    def _account(self, match: re.Match[str]) -> str:
        return f'{match[1]}="{self.names.user(match[2], person=match[1] in _PEOPLE)}"'

    def _call_field(self, match: re.Match[str]) -> str:
        return f"{match[1]}={self._decoded(match[2], self._path if match[1] == 'exe' else self._around)}"

    def _field(self, record: Record, match: re.Match[str]) -> str:
        key, value = match[1], match[2]
        if key in _KEPT or key in _IDS or key.isupper() or not value:
            return match[0]
        if record.kind == b"EXECVE" and (argument := _ARGUMENT.fullmatch(key)):
            # A fragment of a long argument may begin and end in the middle of anything.
            cut = self.names.argument if argument[1] else lambda text: self._next_argument(record.key, text)
            return f"{key}={self._decoded(value, cut)}"
        if key == "saddr" and _HEX.fullmatch(value):
            return f"{key}={self._sockaddr(bytes.fromhex(value)).hex().upper()}"
        if key == "data" and record.kind in _TYPED:
            return f"{key}={self._decoded(value, self.names.secret)}"
        return f"{key}={self._decoded(value, self._reader(key, value))}"

    def _pasted(self, record: Record, key: str, value: str) -> str:
        text = value.rstrip()
        blanks = value[len(text) :]
        if key in _KEPT or not text:
            return value
        if key == "data" and record.kind in _TYPED:
            return self.names.secret(text) + blanks
        return self._reader(key, text)(text) + blanks

    def _reader(self, key: str, value: str) -> Callable[[str], str]:
        if key in _USERS or key in _IDS:
            return lambda text: self.names.user(text, person=key in _PEOPLE)
        if key in _HOSTS:
            return self.names.host
        if key in _COMMANDS:
            return lambda text: redact_command(self.names, text, every=self._every)
        return self._path if key in _PATHS or value.startswith(("/", '"/', "2F")) else self._around

    def _path(self, text: str) -> str:
        return redact_path(self.names, text)

    def _decoded(self, value: str, replace: Callable[[str], str]) -> str:
        """Let REPLACE see what a raw VALUE stands for, and write it in the same way."""
        if value.startswith('"'):
            closed = value.endswith('"') and len(value) > 1
            return f'"{replace(value[1:-1] if closed else value[1:])}"'
        if not _HEX.fullmatch(value):
            return replace(value)
        raw = bytes.fromhex(value)
        text = decoded(raw)
        new = replace(text)
        return value if new == text else encoded(new).hex().upper()

    def _next_argument(self, key: bytes, text: str) -> str:
        event, program, last = self._command
        if event != key:
            program = last = ""
        (new,) = redact_arguments(self.names, [text], every=self._every, before=(program, last))
        self._command = (key, program or text.rpartition("/")[2] or "?", text)
        return new

    def _pasted_arguments(self, record: Record, text: str) -> str:
        parts = _INTERPRETED_ARGUMENT.split(text)
        done = [parts[0]]
        for key, value in zip(parts[1::2], parts[2::2], strict=True):
            word = value.rstrip()
            done.append(f"{key}={self._next_argument(record.key, word)}{value[len(word) :]}")
        return "".join(done)

    def _title(self, value: str, interpreted: bool) -> str:
        # What user space appended after a 0x1d does not belong to it.
        value, mark, more = value.partition("\x1d")
        bare = value.strip()
        if interpreted or not (_HEX.fullmatch(bare) or bare.startswith('"')):
            return redact_command(self.names, value, every=self._every) + mark + more
        return self._decoded(bare, self._command_line) + mark + more

    def _command_line(self, text: str) -> str:
        separator = "\0" if "\0" in text.rstrip("\0") else " "
        ends = text[len(text.rstrip("\0")) :]
        words = text.rstrip("\0").split(separator)
        done = redact_arguments(self.names, words, every=self._every)
        if len(encoded(text)) >= MAX_PROCTITLE and len(done) > 1:
            done[-1] = "(cut)"
        return separator.join(done) + ends

    def _sockaddr(self, raw: bytes) -> bytes:
        """Replace the address in a socket address, as the kernel has it in memory (linux/socket.h)."""
        family = int.from_bytes(raw[:2], "little")
        family = int.from_bytes(raw[:2], "big") if family > 0xFF else family
        place = _ADDRESSES.get(family)
        if family == _UNIX:
            abstract = raw[2:3] == b"\0"
            name, ending, _ = raw[3 if abstract else 2 :].partition(b"\0")
            new = encoded((self._around if abstract else self._path)(decoded(name)))
            return raw if new == name else raw[: 3 if abstract else 2] + new + ending
        if place is None or len(raw) < place[1]:
            return raw
        first, end = place
        address = raw[first:end]
        if family in (_INET, _INET6):
            new = self.names.ip(ipaddress.ip_address(address)).packed
        else:
            new = bytes.fromhex(self.names.mac(address.hex(), ""))
        return raw[:first] + new + raw[end:]

    def _strace(self, key: bytes, text: str) -> str:
        # Of what a program read and wrote only paths may stay.
        def string(match: re.Match[str]) -> str:
            return f'"{self._path(match[1])}"' if match[1].startswith("/") else '"..."'

        pid, _, call = text.partition(" ")
        seconds, _, rest = decoded(key).partition(".")
        return f"{pid} {seconds}.{rest.partition(':')[0]}000 {_STRACE_STRING.sub(string, call)}"


_UNIX, _INET, _INET6, _PACKET, _BLUETOOTH = 1, 2, 10, 17, 31
# Where the address is: sockaddr_in, sockaddr_in6, sockaddr_ll, sockaddr_rc and its kin.
_ADDRESSES: Mapping[int, tuple[int, int]] = {
    _INET: (4, 8),
    _INET6: (8, 24),
    _PACKET: (12, 18),
    _BLUETOOTH: (2, 8),
}
