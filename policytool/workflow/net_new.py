# SPDX-License-Identifier: GPL-2.0-or-later
"""What a log has and no trace had that the modules come from: the accesses that are net new."""

from __future__ import annotations

from policytool.errors import UsageError
from policytool.policy.verdicts import Replayed
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.replay import ModuleReplay


def net_new(result: ModuleReplay, modules: ModuleSet) -> tuple[Replayed, ...]:
    """Return the accesses of RESULT that no evidence of MODULES has, sorted, whatever their verdict.

    An access that is new and allowed counts: a daemon does what it was never seen doing. The evidence has accesses
    without their ioctl commands, so that a new command is told by the replay only where it is denied. UsageError:
    no module has evidence.
    """
    if not modules.evidence:
        raise UsageError("no module has an evidence.json, so that nobody knows what its traces had")
    known = {access.key for file in modules.evidence for access in file.accesses}
    found = {replayed.vector.key: replayed for replayed in result.outcome.results}
    return tuple(replayed for key, replayed in sorted(found.items(), key=lambda item: item[0]) if key not in known)
