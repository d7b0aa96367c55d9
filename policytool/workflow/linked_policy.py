# SPDX-License-Identifier: GPL-2.0-or-later
"""A linked policy, opened; its rules are kept beside it in the cache, so that setools makes them only once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from policytool.policy.compiled import CompiledPolicy
from policytool.policy.rule_table import RuleTable, RuleTableError, from_bytes, to_bytes
from policytool.toolchain.base import Base
from policytool.toolchain.labels import FileContextLabels
from policytool.toolchain.link import Linked, link_or_fail

_FILE = "rules"


def linked_policy(linked: Linked, booleans: Mapping[str, bool] | None = None) -> CompiledPolicy:
    """Open the policy of LINKED, an entry of the cache, with BOOLEANS as stated there."""
    return CompiledPolicy(linked.policy, booleans, partial(_kept, linked.policy.with_name(_FILE)))


def base_policy(base: Base, booleans: Mapping[str, bool] | None = None) -> CompiledPolicy:
    """Open BASE alone: its modules linked, or the compiled policy that it is, with BOOLEANS as stated there.

    InputError when it cannot be read or does not link.
    """
    if base.compiled:
        # No entry of the cache: nothing is written beside it.
        return CompiledPolicy(base.path, booleans)
    return linked_policy(_base_alone(base), booleans)


def base_labels(base: Base) -> FileContextLabels:
    """Return what labels the file contexts of BASE give; InputError also where it is a compiled policy."""
    return FileContextLabels(_base_alone(base).file_contexts)


def _base_alone(base: Base) -> Linked:
    return link_or_fail(base, {}, f"{base.path} does not link")


def _kept(file: Path, read: Callable[[], RuleTable]) -> RuleTable:
    with suppress(OSError, RuleTableError):
        return from_bytes(file.read_bytes())
    table = read()
    # A cache that cannot be written, or whose entry has just gone, is no reason to fail.
    with suppress(OSError):
        number, aside = tempfile.mkstemp(prefix=f".{_FILE}-", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as stream:
                stream.write(to_bytes(table))
            Path(aside).rename(file)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    return table
