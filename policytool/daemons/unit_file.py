# SPDX-License-Identifier: GPL-2.0-or-later
"""What a systemd unit tells of a daemon: systemd.syntax(7), systemd.service(5), systemd.socket(5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename

from policytool.model.daemon import Daemon, DaemonError, is_plain_path

# Before the path of a program (systemd.service(5), "Command lines"): no arguments, failure is ignored, and so on.
_PREFIXES = "@-:+!|"
_WORD = re.compile(r'"([^"]*)"|\'([^\']*)\'|(\S+)')
_LISTENS = ("ListenStream", "ListenDatagram", "ListenSequentialPacket", "ListenFIFO")
# What runs other programs: it cannot be the way into one daemon's domain.
_INTERPRETER = re.compile(r"(?:ba|da|k|z)?sh|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|java|php[\d.]*|lua[\d.]*|env")


def daemon_of_units(name: str, service: Sequence[str], socket: Sequence[str] = ()) -> Daemon:
    """Describe the daemon of the unit NAME (`notes` of notes.service, or of the template notes@.service).

    SERVICE and SOCKET are the texts of its unit files, each the file before its drop-ins. DaemonError: no
    ExecStart= with a plain absolute path, or the program is an interpreter, which is not one daemon's.
    """
    settings = _settings(service)
    programs = [_program(command) for command in settings.get("ExecStart", [])]
    if not programs:
        raise DaemonError("no ExecStart=, so nothing tells the program")
    for program in programs:
        if _INTERPRETER.fullmatch(basename(program)):
            raise DaemonError(
                f"ExecStart= runs {program}, which runs other programs too: let it run the script itself, by its "
                "#! line, so that the script's label is the way into the domain"
            )
        if not is_plain_path(program):
            raise DaemonError(f"ExecStart= runs {program!r}, which is not a plain absolute path")
    listens = _settings(socket)
    sockets = [path for key in _LISTENS for path in listens.get(key, []) if is_plain_path(path)]
    plain = re.sub(r"[^a-z0-9]+", "_", name.removesuffix("@").lower()).strip("_")
    described = {
        "name": plain,
        "summary": " ".join(settings.get("Description", [name])[-1].split()),
        "executables": list(dict.fromkeys(programs)),
        "unit": f"{name}.service",
        "sockets": list(dict.fromkeys(sockets)),
    }
    return Daemon.from_mapping(described)


def _settings(texts: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each setting, in order; an empty one takes away those before it."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for line in re.sub(r"\\\n", " ", text).splitlines():
            key, equals, value = line.partition("=")
            if not equals or line.lstrip().startswith(("#", ";", "[")):
                continue
            if value.strip():
                found.setdefault(key.strip(), []).append(value.strip())
            else:
                found.pop(key.strip(), None)
    return found


def _program(command: str) -> str:
    word = _WORD.match(command.lstrip(_PREFIXES + " "))
    return next((part for part in word.groups() if part), "") if word else ""
