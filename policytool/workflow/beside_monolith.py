# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of a monolith, read beside those of the daemons that replace it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policytool.errors import InputError
from policytool.model.daemon import Daemon
from policytool.model.observation import Observations
from policytool.report.same_work import SharedScenarios, same_work
from policytool.workflow.kept_traces import read_each_part


def beside_monolith(known: Sequence[Daemon], alone: Sequence[str], together: Sequence[str]) -> SharedScenarios:
    """Set the recordings ALONE, of the one of KNOWN that others replace, beside those of the others in TOGETHER.

    InputError: a trace cannot be read, or the two sides have no scenario in common.
    """
    names = {daemon.name: daemon for daemon in known}
    monolith = next(daemon for daemon in known if daemon.replaced_by)
    modular = [names[name] for name in monolith.replaced_by]
    work = same_work(monolith, modular, _parts(alone), _parts(together))
    if not work.scenarios:
        raise InputError(
            f"{alone[0]}: no scenario in which {monolith.name} was recorded is one of the daemons' in {together[0]}"
            + (f" and {len(together) - 1} more" if len(together) > 1 else "")
        )
    return work


def _parts(traces: Sequence[str]) -> Iterator[tuple[str, Observations]]:
    for trace in traces:
        yield from read_each_part(trace)
