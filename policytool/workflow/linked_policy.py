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
from policytool.toolchain.link import Linked

_FILE = "rules"


def linked_policy(linked: Linked, booleans: Mapping[str, bool] | None = None) -> CompiledPolicy:
    """Open the policy of LINKED, with BOOLEANS as stated there."""
    return CompiledPolicy(linked.policy, booleans, partial(_kept, linked.policy.with_name(_FILE)))


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
