# SPDX-License-Identifier: GPL-2.0-or-later
"""What a name of a user's stands for: a known daemon, by its name or its domain, or the type of a domain."""

from __future__ import annotations

from collections.abc import Sequence

from policytool.errors import UsageError
from policytool.model.context import is_identifier
from policytool.model.daemon import Daemon


def find_daemon(name: str, known: Sequence[Daemon]) -> Daemon | None:
    """Return the known daemon with NAME or with the domain NAME."""
    return next((daemon for daemon in known if name in (daemon.name, daemon.domain)), None)


def require_domain(name: str, known: Sequence[Daemon]) -> str:
    """Return the domain that NAME stands for: a known daemon's, or NAME itself.

    Types of CIL blocks (container.process) and of Android (untrusted_app) do not end in _t. UsageError for what
    cannot be a type.
    """
    if daemon := find_daemon(name, known):
        return daemon.domain
    if not is_identifier(name):
        names = ", ".join(daemon.name for daemon in known)
        raise UsageError(f"{name!r} is neither a known daemon ({names}) nor a type")
    return name


def as_daemons(names: Sequence[str], known: Sequence[Daemon]) -> tuple[Daemon, ...]:
    """Return what each of NAMES stands for: a known daemon, or one of which only the domain is known."""
    found = {}
    for name in names:
        domain = require_domain(name, known)
        found[domain] = find_daemon(domain, known) or Daemon.of_domain(domain)
    return tuple(found.values())
