# SPDX-License-Identifier: GPL-2.0-or-later
"""What is replaced in a text of a log: in a path, in an argument of a command, in a whole command line.

Every search is linear: a log may hold lines of a megabyte that were made to be slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from policytool.traces.redaction.pseudonyms import Pseudonyms

# The kernel keeps so much of a command line, in bytes; what it cut may be a part of anything (PROCTITLE's MAX).
MAX_PROCTITLE = 128

# Folders whose entries are called as users are.
_OF_USERS = frozenset(
    {
        "/var/mail",
        "/var/spool/mail",
        "/var/spool/cron",
        "/var/spool/cron/crontabs",
        "/run/media",
        "/run/faillock",
        "/var/run/faillock",
        "/run/sudo/ts",
        "/var/lib/sudo/ts",
        "/var/lib/sudo/lectured",
        "/var/lib/systemd/linger",
        "/var/lib/AccountsService/users",
        "/var/lib/AccountsService/icons",
    }
)
_HOMES = frozenset({"home", "Users"})

# What packages own: nothing in it is called after a person, and file contexts are made of it.
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib", "/boot/", "/proc/", "/sys/", "/dev/")

_SECRETIVE = (
    r"(?:password|passwd|passphrase|secret|token|api-?_?key|access-?_?key|private-?_?key|credential|psk"
    r"|(?<![A-Za-z])(?:pass|pwd|auth))"
)
_SECRET_OPTION = re.compile(rf"(?i)-{{1,2}}[\w.-]{{0,40}}?{_SECRETIVE}[\w.-]{{0,40}}")
# Programs whose -p is a password.
_SECRET_P = frozenset({"mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin", "sshpass"})
_NAME_OPTION = re.compile(r"(?i)--?(?:user|username|login|login-name|owner)")
_HOST_OPTION = re.compile(r"(?i)--?(?:host|hostname|server)")

_UNITS = (".service", ".socket", ".timer", ".scope", ".slice", ".mount", ".device", ".target", ".path")


class Rule(NamedTuple):
    """A pattern, what replaces its group `put` (or all of it), and how long a text must be at least to match."""

    pattern: re.Pattern[str]
    replace: Callable[[Pseudonyms, re.Match[str]], str | None]
    least: int


def _secret(names: Pseudonyms, match: re.Match[str]) -> str:
    return names.secret(match["put"])


def _user(names: Pseudonyms, match: re.Match[str]) -> str:
    return names.user(match["put"])


def _person(names: Pseudonyms, match: re.Match[str]) -> str:
    return names.user(match["put"], person=True)


def _host(names: Pseudonyms, match: re.Match[str]) -> str:
    return names.host(match["put"])


def _address(names: Pseudonyms, match: re.Match[str]) -> str | None:
    return names.address(match[0])


def _ipv6(names: Pseudonyms, match: re.Match[str]) -> str | None:
    return names.address(match[0]) if "::" in match[0] or match[0].count(":") == 7 else None


def _user_at_host(names: Pseudonyms, match: re.Match[str]) -> str | None:
    user, host = match["user"], match["host"]
    return None if host.endswith(_UNITS) else f"{names.user(user)}@{names.host(host)}"


def _word(names: Pseudonyms, match: re.Match[str]) -> str | None:
    word = match[0]
    if word in names.users:
        return names.user(word)
    return names.host(word) if word in names.nodes and len(word) > 2 else None


# Looked for in this order; what one has replaced is no longer looked at.
_ADDRESSES = (
    Rule(re.compile(r"(?<![\w:.-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:-])"), _address, 17),
    Rule(re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"), _address, 7),
    Rule(re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f.]{0,15}:)[0-9A-Fa-f:.]{3,45}(?<![.])(?!\w)"), _ipv6, 3),
)
_HOME = Rule(re.compile(r"/(?:home|Users)/(?P<put>[^/\s:;,\"'=\0]+)"), _person, 7)
_VALUE = r"(?P<put>\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)"
_ARGUMENT = (
    Rule(re.compile(r"(?i)\b(?:bearer|basic) {1,3}(?P<put>[\w.~+/=-]{6,})"), _secret, 12),
    Rule(re.compile(rf"(?i){_SECRETIVE}[\w.-]{{0,40}}\s{{0,3}}[=:]\s{{0,3}}{_VALUE}"), _secret, 5),
    Rule(re.compile(r"://[^/\s:@]{0,256}:(?P<put>[^/\s@]{1,256})@"), _secret, 6),
    # Tokens that their makers gave a shape: GitHub, GitLab, Slack, AWS, and JSON web tokens.
    Rule(re.compile(r"(?<!\w)(?P<put>gh[opsu]_\w{16,}|glpat-[\w-]{16,}|xox[abp]-[\w-]{10,})"), _secret, 15),
    Rule(re.compile(r"(?<!\w)(?P<put>AKIA[0-9A-Z]{16}|eyJ[\w-]+\.[\w-]+\.[\w-]*)"), _secret, 7),
    *_ADDRESSES,
    Rule(re.compile(r"(?<![\w.+-])(?P<user>[A-Za-z_][\w.+-]*)@(?P<host>[A-Za-z][\w.-]*)"), _user_at_host, 3),
    # What is left of an address with a password, which was replaced, in it.
    Rule(re.compile(r"://(?P<put>[^/\s:@]+):\Z"), _user, 5),
    Rule(re.compile(r"(?:://|\A@)(?P<put>[A-Za-z][\w.-]*)"), _host, 2),
    Rule(re.compile(r"(?i)(?<![A-Za-z])(?:user|username|login|owner)=(?P<put>[\w.+-]+)"), _user, 6),
    Rule(
        re.compile(r"(?i)(?<![A-Za-z])(?:host|hostname|server)=(?!(?:on|off|yes|no)\b)(?P<put>[\w.-]+)"), _host, 6
    ),
    _HOME,
    Rule(re.compile(r"(?<!\S)~(?P<put>[a-z_][\w.-]*)"), _person, 2),
    Rule(re.compile(r"\w[\w.-]*"), _word, 1),
)
_ANY = (*_ADDRESSES, _HOME)


def redact_path(names: Pseudonyms, path: str) -> str:
    """Replace people, the log's own hosts and addresses in a path, IPv4 where it is known; relative ones too."""
    parts = path.split("/")
    old = tuple(parts)
    system = path.startswith(_SYSTEM)
    for place, part in enumerate(old):
        if not part:
            continue
        above = old[place - 1] if place else ""
        if above in _HOMES or (1 < place < 6 and _is_users("/".join(old[:place]), part)):
            parts[place] = names.user(part, person=above in _HOMES)
        elif system or (place < 2 and path.startswith("/")):
            # A top-level folder belongs to no user.
            continue
        elif part in names.people:
            parts[place] = names.user(part)
        elif part in names.nodes and len(part) > 2:
            parts[place] = names.host(part)
        elif "." in part or ":" in part or "-" in part:
            # Four numbers may be a version; nothing else looks like a MAC or IPv6 address.
            parts[place] = names.address(part, known="." in part) or part
    return "/".join(parts)


def _is_users(folder: str, name: str) -> bool:
    return folder in _OF_USERS and f"{folder}/{name}" not in _OF_USERS


def redact_any(names: Pseudonyms, text: str) -> str:
    """Replace addresses and the names of homes in a text of which nothing is known."""
    if "." not in text and ":" not in text and "-" not in text and "/" not in text:
        return text
    return _replaced(names, text, _ANY)


def redact_arguments(
    names: Pseudonyms, words: Sequence[str], *, every: bool, before: tuple[str, str] = ("", "")
) -> list[str]:
    """Replace what is private in the WORDS of a command line; EVERY: all of them but the program.

    BEFORE is the program and the word before the first of WORDS, where they are known already.
    """
    program, last = before
    done = []
    for word in words:
        if not program:
            program = word.rpartition("/")[2] or "?"
            done.append(redact_path(names, word) if word.startswith("/") else _replaced(names, word, _ARGUMENT))
        elif every:
            done.append(names.argument(word))
        else:
            done.append(_argument(names, word, last, program))
        last = word
    return done


def redact_command(names: Pseudonyms, text: str, *, every: bool) -> str:
    """Replace what is private in a command line of words between blanks."""
    return " ".join(redact_arguments(names, text.split(" "), every=every))


def _argument(names: Pseudonyms, word: str, last: str, program: str) -> str:
    if _SECRET_OPTION.fullmatch(last) or (program == "sshpass" and last == "-p"):
        return names.secret(word)
    if program in _SECRET_P and word.startswith("-p") and len(word) > 2:
        return "-p" + names.secret(word[2:])
    if program in ("curl", "wget") and last in ("-u", "--user", "--proxy-user") and ":" in word:
        return names.secret(word)
    if _NAME_OPTION.fullmatch(last):
        return names.user(word)
    if _HOST_OPTION.fullmatch(last):
        return names.host(word)
    if word.startswith("/") and not any(mark in word for mark in " =,:;@"):
        return redact_path(names, word)
    return _replaced(names, word, _ARGUMENT)


def _replaced(names: Pseudonyms, text: str, rules: Sequence[Rule]) -> str:
    """Apply RULES in their order; none of them sees what an earlier one has put in."""
    pieces = [(text, False)]
    for pattern, replace, least in rules:
        found: list[tuple[str, bool]] = []
        for piece, done in pieces:
            if done or len(piece) < least:
                found.append((piece, done))
                continue
            start = 0
            for match in pattern.finditer(piece):
                new = replace(names, match)
                if new is None:
                    continue
                first, end = match.span("put" if "put" in pattern.groupindex else 0)
                found += [(piece[start:first], False), (new, True)]
                start = end
            found.append((piece[start:], False))
        pieces = found
    return "".join(piece for piece, _ in pieces)
