# SPDX-License-Identifier: GPL-2.0-or-later
"""Each access of the daemons that modules are made of, with its cure, under the skeletons of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from policytool.generate.choices import Choices
from policytool.generate.objections import Objections
from policytool.generate.proposals import Proposals
from policytool.generate.triage import Criteria, Cure, Triaged, triage, triage_moved
from policytool.graph.owners import Owners
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon
from policytool.policy.decide import Decider
from policytool.workflow.helpers_of import moved_of, of_the_daemon
from policytool.workflow.mapping import Mapped
from policytool.workflow.skeletons import Skeletons


@dataclass(frozen=True, slots=True)
class Judges:
    """What the accesses of each daemon are judged by, under the skeletons of all.

    OURS are the domains that the daemons work with: those of all of them, and what they enter. PROPOSALS come from
    what the base does for its own domains.
    """

    skeletons: Skeletons
    owners: Owners
    ours: frozenset[str]
    choices: Choices
    proposals: Proposals

    def criteria(self, daemon: Daemon) -> Criteria:
        """Return by what an access of DAEMON is judged."""
        return Criteria(
            objection=Objections(self.skeletons.policy, daemon.domain, self.ours).objection,
            accepted=self.choices.accepted_by(daemon.name),
            enforced=self.choices.enforced,
            prefer_booleans=self.choices.prefer_booleans,
            note=_helper_note(daemon, self.owners),
            propose=self.proposals.of,
            write=self.choices.write,
        )


def triage_each(daemons: Sequence[Daemon], mapped: Mapped, judges: Judges) -> Mapping[str, tuple[Triaged, ...]]:
    """Return what each access of MAPPED that belongs to each of DAEMONS needs, by domain."""
    skeletons, owners = judges.skeletons, judges.owners
    owned: dict[str, list[AccessVector]] = {daemon.domain: [] for daemon in daemons}
    for vector in mapped.vectors:
        for owner in owners.owners(vector):
            if owner.domain in owned:
                owned[owner.domain].append(vector)
    made = {}
    with Decider(skeletons.policy) as decider:
        for daemon in daemons:
            declared = skeletons.modules[daemon.domain].declared
            criteria = judges.criteria(daemon)
            judged = triage(owned[daemon.domain], decider, criteria)
            moved = moved_of(mapped.moved, daemon.domain)
            judged += triage_moved(moved, decider, criteria, of_the_daemon(daemon, declared))
            judged += tuple(access for access in mapped.cured if daemon in owners.owners(access.vector))
            # What the base grants to a helper is no matter of the daemon's.
            made[daemon.domain] = tuple(
                access
                for access in judged
                if access.cure is not Cure.GRANTED or owners.owner(access.vector) == daemon
            )
    return made


def _helper_note(daemon: Daemon, owners: Owners) -> Callable[[AccessVector], str]:
    def note(vector: AccessVector) -> str:
        if owners.owner(vector) is None:
            return f"helper {vector.source.type_}, entered from {daemon.domain}"
        return ""

    return note
