# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions of what is recorded, as the host's package manager knows them; unknown is None."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from policytool.errors import PolicytoolError
from policytool.toolchain.run import run

_POLICY = "selinux-policy-"


def package_version(programs: Sequence[str]) -> str | None:
    """Return the version of the package that the first of PROGRAMS that exists comes from."""
    for program in programs:
        if Path(program).is_file():
            return _of_file(os.path.realpath(program))
    return None


def policy_package(name: str) -> tuple[str | None, str | None]:
    """Return the package and version of the policy called NAME (default, targeted)."""
    package = _POLICY + name
    for query in (["dpkg-query", "-W", "-f", "${Version}", package], ["rpm", "-q", "--qf", "%{EVR}", package]):
        if version := _asked(query):
            return package, version
    return None, None


def _of_file(path: str) -> str | None:
    owner = _asked(["dpkg-query", "-S", path]) or ""
    if package := owner.partition(":")[0]:
        return _asked(["dpkg-query", "-W", "-f", "${Version}", package])
    return _asked(["rpm", "-qf", "--qf", "%{EVR}", path])


def _asked(query: list[str]) -> str | None:
    try:
        return run(query).text.strip() or None
    except PolicytoolError:
        return None  # not this host's package manager, or not one of its files
