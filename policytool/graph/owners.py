# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose access is it: the one daemon whose module has to carry the rule, if any."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon


class Owners:
    """Tells the daemon that an access belongs to.

    What a daemon does is its own module's to allow. What others do *to* it (init starts it, virsh connects,
    the guest inherits a descriptor) is its module's as well, unless the other is itself one of the daemons:
    then each rule stands once, with its source. A program file is a daemon's own only if its type is: what
    anybody does to a type of the base (shell_exec_t, or that of an extended domain) is no daemon's. A private type
    is its daemon's, in both directions: as an object, and as what a file system is asked to take in. What a helper
    does in its own domain to the base is a matter of every daemon that enters it.
    """

    def __init__(
        self,
        daemons: Iterable[Daemon],
        base_types: Container[str] = (),
        entered: Mapping[str, tuple[Daemon, ...]] = MappingProxyType({}),
        private: Mapping[str, Daemon] = MappingProxyType({}),
    ) -> None:
        """ENTERED are the domains of helpers, with the daemons seen to enter them; PRIVATE the private types."""
        by_source: dict[str, Daemon] = dict(private)
        by_target: dict[str, Daemon] = dict(private)
        for daemon in daemons:
            by_source[daemon.domain] = daemon
            by_target[daemon.domain] = daemon
            if daemon.exec_type not in base_types:
                by_target[daemon.exec_type] = daemon
        self._entered = entered
        self._by_source: Mapping[str, Daemon] = by_source
        self._by_target: Mapping[str, Daemon] = by_target

    def owner(self, vector: AccessVector) -> Daemon | None:
        """Return the daemon whose module carries VECTOR, or None when it is none of theirs."""
        return self._by_source.get(vector.source.type_) or self._by_target.get(vector.target.type_)

    def owners(self, vector: AccessVector) -> tuple[Daemon, ...]:
        """Return the daemons whose modules carry VECTOR: one, or of a helper's access all that enter the helper."""
        owner = self.owner(vector)
        return (owner,) if owner else self._entered.get(vector.source.type_, ())

    def present(self, vectors: Iterable[AccessVector]) -> tuple[Daemon, ...]:
        """Return the daemons that VECTORS name as a source or as a target, by name."""
        found = set()
        for vector in vectors:
            found.add(self._by_source.get(vector.source.type_))
            found.add(self._by_target.get(vector.target.type_))
        return tuple(sorted((daemon for daemon in found if daemon), key=lambda daemon: daemon.name))
