# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of a daemon before anything is recorded: its program, unit, sockets and domain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from policytool.model.context import is_identifier

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
# The builtins of GNU m4 (its manual, "Builtin macros" index) in the shape of a name: policy source goes through m4,
# where a module of such a name would be a macro call.
_M4_BUILTINS = """
builtin changecom changequote changeword debugfile debugmode decr define defn divert divnum dnl dumpdef errprint
esyscmd eval format ifdef ifelse include incr index indir len maketemp mkstemp popdef pushdef patsubst regexp shift
sinclude substr syscmd sysval traceoff traceon translit undefine undivert m4exit m4wrap
"""
# Those of them that need no parentheses, so that they would act in the middle of a path in a .fc file.
_M4_BARE = """
changecom changequote changeword debugfile debugmode divert divnum dnl dumpdef m4exit sysval traceoff traceon
undivert __file__ __line__ __program__ __gnu__ __unix__
"""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PATH = re.compile(r"/[A-Za-z0-9_./@+-]+", re.ASCII)


class DaemonError(ValueError):
    """A description of a daemon that cannot be used."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon: `domain` and `exec_type` are types, `executables` and `sockets` absolute paths.

    `replaced_by` names the daemons that do its work now: what it touches of theirs stays theirs.
    """

    name: str
    domain: str
    exec_type: str
    summary: str = ""
    executables: tuple[str, ...] = ()
    unit: str = ""
    sockets: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()

    @classmethod
    def of_domain(cls, domain: str) -> Daemon:
        """Return a daemon of which only the DOMAIN is known."""
        stem = domain.removesuffix("_t")
        return cls(plain_name(stem), domain, f"{stem.replace('.', '_')}_exec_t")

    @classmethod
    def from_mapping(cls, data: Mapping[str, object]) -> Daemon:
        """Make a daemon of a parsed TOML table; raise DaemonError when a key or value is wrong."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise DaemonError(f"unknown key {unknown[0]!r}; the keys are {', '.join(sorted(known))}")
        name = _text(data, "name")
        if not _NAME.fullmatch(name):
            raise DaemonError(f"name {name!r} is not a lower-case identifier")
        if name in _M4_BUILTINS.split():
            raise DaemonError(f"name {name!r} is a macro of m4; describe the daemon under another name (--daemons)")
        domain = _text(data, "domain", f"{name}_t")
        exec_type = _text(data, "exec_type", f"{name}_exec_t")
        for type_ in (domain, exec_type):
            if not is_identifier(type_):
                raise DaemonError(f"{type_!r} is not a type name")
        return cls(
            name=name,
            domain=domain,
            exec_type=exec_type,
            summary=_text(data, "summary", ""),
            executables=_paths(data, "executables"),
            unit=_text(data, "unit", f"{name}.service"),
            sockets=_paths(data, "sockets"),
            replaced_by=_names(data, "replaced_by"),
        )


def plain_name(text: str) -> str:
    """Return TEXT, an identifier, as the name of a daemon and its module: `my_container.process` has a dot."""
    return text.lower().replace("-", "_").replace(".", "_")


def is_plain_path(path: str) -> bool:
    """Say whether PATH is absolute, made of letters, digits and `_./@+-` only, and nothing that m4 would run."""
    return _PATH.fullmatch(path) is not None and not set(_M4_BARE.split()) & set(_WORD.findall(path))


def _text(data: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        raise DaemonError(f"{key} must be a string")
    return value


def _paths(data: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise DaemonError(f"{key} must be a list of absolute paths")
    paths = []
    for path in value:
        if not isinstance(path, str) or not is_plain_path(path):
            raise DaemonError(f"{key}: {path!r} is not a plain absolute path")
        paths.append(path)
    return tuple(paths)


def _names(data: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in value):
        raise DaemonError(f"{key} must be a list of names of daemons")
    return tuple(value)
