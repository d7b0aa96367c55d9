# SPDX-License-Identifier: GPL-2.0-or-later
"""The source half of rho: accesses recorded without a helper's transition, as they would be under it.

A vector made by several programs is split by program: the daemon's part stays as it was. What is said here of the
kernel is that of Linux 6.1 (fs/exec.c, fs/binfmt_elf.c, security/selinux/hooks.c). What the log cannot tell is
assumed, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from policytool.model.access import AccessVector, Use, merge_vectors, with_uses
from policytool.model.program import Attribution

_EXECS = frozenset({"execve", "execveat"})
# While a program is being started, its file and its loader are opened in the old domain and mapped in the new one;
# reading and executing is asked of both.
_NEW_DOMAIN = frozenset({"map", "execmod", "entrypoint"})
_BOTH_DOMAINS = frozenset({"execute", "read"})

# What the kernel asks at a change of domain besides `transition` (selinux_bprm_creds_for_exec, _committing_creds).
_SIBLINGS = ("noatsecure", "rlimitinh", "siginh", "transition")

# What names the other end of a connection as its target.
_PEER = frozenset({"connectto", "sendto"})
_KILLS = frozenset({"kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigqueueinfo", "rt_tgsigqueueinfo"})
# The length of comm=, which stands for a program where a record has no exe= (TASK_COMM_LEN).
_COMM = 15


@dataclass(frozen=True, slots=True)
class Moved:
    """An access as it would be under the helpers' transitions, what it was seen as, and why it is that.

    `origin` is the part of the observed vector; `left` says that this part is not the daemon's any more. `assumed`
    says that the log cannot tell and it was assumed. `unmapped` is why the object cannot be told under the new
    labels, in which case `vector` names the old one; "" where it can.
    """

    vector: AccessVector
    origin: AccessVector
    reason: str
    left: bool = True
    assumed: bool = False
    unmapped: str = ""


@dataclass(frozen=True, slots=True)
class Relabelled:
    """`kept` are the vectors that stay as they were seen (or the parts of them that do), `moved` all others."""

    kept: tuple[AccessVector, ...]
    moved: tuple[Moved, ...]

    @property
    def every(self) -> tuple[AccessVector, ...]:
        """All accesses as they would be."""
        return merge_vectors((*self.kept, *(access.vector for access in self.moved)))


def relabel_sources(vectors: Iterable[AccessVector], attributions: Iterable[Attribution]) -> Relabelled:
    """Map the accesses in the domains of ATTRIBUTIONS that are not the daemon's own to the domains they belong to.

    A vector of which not every use is known stays: nothing may be concluded from those that are.
    """
    every = tuple(vectors)
    by_domain = {
        attribution.domain: _Domain(attribution, every)
        for attribution in attributions
        if attribution.runs_in or attribution.helpers
    }
    kept: list[AccessVector] = []
    moved: list[Moved] = []
    for vector in every:
        domain = by_domain.get(vector.source.type_)
        if domain is None or not vector.evidence.whole:
            kept.append(vector)
            continue
        kept += domain.kept(vector)
        moved += domain.moved(vector)
    return Relabelled(
        merge_vectors(kept), tuple(sorted(moved, key=lambda access: (access.vector.sort_key, access.reason)))
    )


class _Domain:
    """One daemon's domain, and what becomes of the accesses in it."""

    def __init__(self, attribution: Attribution, vectors: Sequence[AccessVector]) -> None:
        self._domain = attribution.domain
        self._attribution = attribution
        self._comms = _comms(attribution.runs_in)
        # Those that ran without leaving: only these may be meant by the domain's own type.
        ran = {
            vector.target.type_
            for vector in vectors
            if vector.source.type_ == self._domain and vector.key[2:] == ("file", "execute_no_trans")
        }
        self._helpers = sorted({helper.domain for helper in attribution.helpers if helper.exec_type in ran})
        # (program, class) of the objects of the domain's own type that the program made itself
        self._made = {
            (self._path(use), vector.tclass)
            for vector in vectors
            if vector.key[:2] == (self._domain, self._domain) and vector.perm == "create"
            for use, _ in vector.evidence.uses
        }

    def kept(self, vector: AccessVector) -> list[AccessVector]:
        """Return the part of VECTOR that stays as it was seen, if there is one."""
        uses = [(use, count) for use, count in vector.evidence.uses if self._stays(vector, use)]
        return [_part(vector, uses)] if uses else []

    def moved(self, vector: AccessVector) -> list[Moved]:
        """Return what the uses of VECTOR would be in the domains that they belong to."""
        groups: dict[tuple[str, str, str, str, bool, bool], list[tuple[Use, int]]] = {}
        for use, count in vector.evidence.uses:
            left = not self._stays(vector, use)
            for place in self._places(vector, use):
                groups.setdefault((*place, left), []).append((use, count))
        found = []
        for (source, target, perm, reason, assumed, left), uses in sorted(groups.items()):
            origin = _part(vector, uses)
            placed = _placed(origin, source, target, perm, vector.tclass)
            if perm in _SIBLINGS and vector.perm == "execute_no_trans":
                placed = replace(placed, tclass="process", target=replace(vector.source, type_=target))
            elif (perm, vector.perm) == ("use", "execute_no_trans"):
                placed = replace(placed, tclass="fd", target=replace(vector.source, type_=target))
            found.append(Moved(placed, origin, reason, left, assumed))
        return found

    def _path(self, use: Use) -> str:
        """Return the program of USE; comm= stands for the one program that it can be short for."""
        return self._comms.get(use.program, use.program)

    def _stays(self, vector: AccessVector, use: Use) -> bool:
        places = self._sources(vector, use)
        if vector.perm == "execute_no_trans":
            return self._domain in places and (self._domain, vector.target.type_) not in self._attribution.enters
        return self._domain in places

    def _sources(self, vector: AccessVector, use: Use) -> frozenset[str]:
        """Return the domains that a use of VECTOR belongs to."""
        path = self._path(use)
        after = self._attribution.runs_in.get(path, frozenset({self._domain}))
        if use.syscall not in _EXECS or vector.perm in _NEW_DOMAIN or vector.target.type_ == self._domain:
            return after
        before = self._attribution.run_from.get(path, frozenset({self._domain}))
        return before | after if vector.tclass == "file" and vector.perm in _BOTH_DOMAINS else before

    def _places(self, vector: AccessVector, use: Use) -> list[tuple[str, str, str, str, bool]]:
        """Return (source, target, permission, reason, assumed) of what a use of VECTOR would be."""
        own, target, perm = self._domain, vector.target.type_, vector.perm
        path = self._path(use)
        if perm == "execute_no_trans":
            return [place for source in self._sources(vector, use) for place in self._entered(source, target, path)]
        sources = self._sources(vector, use) - {own}
        if target == own:
            return [self._of_helper(vector, source, path) for source in sorted(sources)] or self._to_helpers(
                vector, use
            )
        return [(source, target, perm, f"{path} runs in {source}", False) for source in sorted(sources)]

    def _entered(self, source: str, target: str, path: str) -> list[tuple[str, str, str, str, bool]]:
        entered = self._attribution.enters.get((source, target))
        if entered is None:
            if source == self._domain:
                return []
            return [(source, target, "execute_no_trans", f"{source} runs {path}", False)]
        why = f"{path} enters {entered} from {source}"
        # What the base's own transitions need besides is the base's business.
        asked = _SIBLINGS if source == self._domain else ("transition",)
        found = [(source, entered, perm, why, False) for perm in asked]
        found.append((entered, target, "entrypoint", why, False))
        found.append((entered, source, "use", f"{why}, and inherits descriptors", True))
        return found

    def _of_helper(self, vector: AccessVector, source: str, path: str) -> tuple[str, str, str, str, bool]:
        """Say what an access of a helper to an object of the daemon's own type is: to its own, or inherited."""
        own, tclass, perm = self._domain, vector.tclass, vector.perm
        if perm == "sigchld":
            return source, own, perm, f"{path} runs in {source} and ends", False
        if tclass == "fifo_file":
            return source, own, perm, f"{path} runs in {source}; assumed: the pipe is inherited", True
        if tclass.startswith("unix_") and perm in _PEER:
            # The target is the other end, and whoever connects has made a socket of the class as well.
            return source, own, perm, f"{path} runs in {source}; assumed: the other end is {own}'s", True
        if tclass.endswith("_socket"):
            if (path, tclass) in self._made:
                return source, source, perm, f"{path} runs in {source} and made the {tclass} itself", False
            return source, own, perm, f"{path} runs in {source}; assumed: the {tclass} is inherited", True
        if tclass.startswith("cap"):
            return source, source, perm, f"{path} runs in {source}", False
        return source, source, perm, f"{path} runs in {source}; assumed: on itself or its children", True

    def _to_helpers(self, vector: AccessVector, use: Use) -> list[tuple[str, str, str, str, bool]]:
        """Say what the daemon does to processes in its own domain that may be its helpers, which leave it."""
        # /proc says too little: a child looks at its own descriptors there before it runs the helper.
        if vector.tclass != "process" or use.syscall not in _KILLS:
            return []
        why = "assumed: the process may be a helper"
        return [(self._domain, helper, vector.perm, why, True) for helper in self._helpers]


def _part(vector: AccessVector, uses: list[tuple[Use, int]]) -> AccessVector:
    """Return VECTOR with no other uses than USES; the times stay those of all."""
    return vector if len(uses) == len(vector.evidence.uses) else with_uses(vector, vector.target, uses)


def _placed(vector: AccessVector, source: str, target: str, perm: str, tclass: str) -> AccessVector:
    return replace(
        vector,
        source=replace(vector.source, type_=source),
        target=replace(vector.target, type_=target),
        tclass=tclass,
        perm=perm,
    )


def _comms(programs: Mapping[str, frozenset[str]]) -> Mapping[str, str]:
    names: dict[str, list[str]] = {}
    for path in programs:
        names.setdefault(path.rpartition("/")[2][:_COMM], []).append(path)
    return {name: paths[0] for name, paths in names.items() if len(paths) == 1 and name}
