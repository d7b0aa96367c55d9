# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons that policytool knows, one TOML file each; users add their own folder of such files."""

from __future__ import annotations

import tomllib
from pathlib import Path

from policytool.errors import InputError
from policytool.model.daemon import Daemon, DaemonError

_SHIPPED = Path(__file__).parent


def load_daemons(*folders: Path) -> tuple[Daemon, ...]:
    """Return the shipped daemons and those of FOLDERS, by name; a later one replaces an earlier of its name.

    Raise InputError, with the file, for a description that cannot be read or used, and when two daemons claim
    one domain.
    """
    daemons: dict[str, Daemon] = {}
    for folder in (_SHIPPED, *folders):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of daemon descriptions (*.toml)")
        for path in sorted(folder.glob("*.toml")):
            daemon = _load(path)
            daemons[daemon.name] = daemon
    by_domain: dict[str, Daemon] = {}
    for daemon in daemons.values():
        if (other := by_domain.setdefault(daemon.domain, daemon)) is not daemon:
            raise InputError(f"{daemon.name} and {other.name} both claim the domain {daemon.domain}")
    return tuple(daemons[name] for name in sorted(daemons))


def _load(path: Path) -> Daemon:
    try:
        return Daemon.from_mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except (DaemonError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path}: {error}") from error
