# SPDX-License-Identifier: GPL-2.0-or-later
"""O: everything that was observed in one or more traces, reduced to distinct access vectors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from policytool.model.access import MAX_HOSTS, AccessVector, merge_vectors
from policytool.model.event import Unread, UnreadKind
from policytool.model.execution import Execution
from policytool.model.identity import NOT_SEEN, Sightings
from policytool.model.refusal import Refusal, kept

# How many unread places are kept to be shown; all of them are counted.
MAX_UNREAD = 20


@dataclass(frozen=True, slots=True)
class Observations:
    """The distinct access vectors of some traces, and what could not be read of them.

    `traces` names the traces, sorted. `events` and `records` count what was read, `hosts` the records of each host
    (see `Evidence`; the first MAX_HOSTS by name); `errors` counts the SELINUX_ERR records by their op, and
    `refusals` has the distinct ones, in order, with what they tell. `unread` holds the first places (in sort order)
    that were not understood, `unread_counts` counts all of them by kind. `executions` is what is known of who ran
    whom, sorted; empty where the logs do not tell. `sightings` is what tells objects without a path until that is
    done (traces/tally/telling.py).
    """

    vectors: tuple[AccessVector, ...] = ()
    traces: tuple[str, ...] = ()
    events: int = 0
    records: int = 0
    errors: tuple[tuple[str, int], ...] = ()
    refusals: tuple[tuple[Refusal, int], ...] = ()
    unread: tuple[Unread, ...] = ()
    unread_counts: tuple[tuple[UnreadKind, int], ...] = ()
    hosts: tuple[tuple[str, int], ...] = ()
    executions: tuple[Execution, ...] = ()
    sightings: Sightings = NOT_SEEN

    @property
    def unread_total(self) -> int:
        """How many lines or records were not understood."""
        return sum(count for _, count in self.unread_counts)

    def merge(self, *others: Observations) -> Observations:
        """Return what reading all the traces together would give; order-free."""
        every = (self, *others)
        errors: Counter[str] = Counter()
        unread_counts: Counter[UnreadKind] = Counter()
        hosts: Counter[str] = Counter()
        for observations in every:
            errors.update(dict(observations.errors))
            unread_counts.update(dict(observations.unread_counts))
            hosts.update(dict(observations.hosts))
        return Observations(
            vectors=merge_vectors(vector for observations in every for vector in observations.vectors),
            traces=tuple(sorted({trace for observations in every for trace in observations.traces})),
            events=sum(observations.events for observations in every),
            records=sum(observations.records for observations in every),
            errors=tuple(sorted(errors.items())),
            refusals=kept(refusal for observations in every for refusal in observations.refusals),
            unread=tuple(
                sorted(
                    (place for observations in every for place in observations.unread),
                    key=lambda u: (u.location, u.kind, u.text),
                )
            )[:MAX_UNREAD],
            unread_counts=tuple(sorted(unread_counts.items())),
            hosts=tuple(sorted(hosts.items())[:MAX_HOSTS]),
            executions=tuple(
                sorted({execution for observations in every for execution in observations.executions})
            ),
            sightings=NOT_SEEN.merge(*(observations.sightings for observations in every)),
        )
