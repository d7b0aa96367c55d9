# SPDX-License-Identifier: GPL-2.0-or-later
"""Which paths are one daemon's own: it makes and changes them, and nobody else does.

Others may read there, connect to a socket, or write through a descriptor they were handed. Who starts daemons and
the helpers that a daemon enters act for it. A path that the base's file contexts know by itself keeps its label:
the base has decided what it is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname

from policytool.graph.touched import Touched
from policytool.model.access import AccessVector
from policytool.model.daemon import Daemon, is_plain_path
from policytool.model.module import FileKind
from policytool.model.own_path import KINDS, PLACES, Labels, OwnPath
from policytool.model.paths import ancestors

# A part of a name that is another one each time: a UUID, hexadecimal digits, a number (a process id, say), the six
# characters of mkstemp(3).
_VARYING = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9A-Za-z])(?:[0-9a-f]{12,}|[0-9]{2,})(?![0-9A-Za-z])"
    r"|[._-](?=[A-Za-z0-9]*[0-9A-Z])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{6}$"
    r"|^(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*[0-9a-z])[A-Za-z0-9]{6}$",
    re.ASCII,
)
# What a daemon keeps for itself it uses whatever it is asked to do. A path that it uses in fewer than this share of
# its scenarios, if it was seen in so many, is one that it was told to use: a pool's folder, the lock of a console.
_SHARE = 0.25
_SCENARIOS = 4

# A name that no file context lists; it shows the folder's default label.
_NOBODY = "policytool.nobody"


def root_of(path: str) -> str | None:
    """Return the folder of PLACES that PATH is in, None where services have nothing of their own."""
    return next((root for root in PLACES if path.startswith(f"{root}/")), None)


def varies(name: str) -> bool:
    """Say whether NAME looks like one that is made up anew each time."""
    return _VARYING.search(name) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """The own paths of one daemon, and what it may make where the base's file contexts have a type by itself.

    The latter are the paths that it uses and that it or another daemon made. Which daemon creates it first varies.
    """

    own: tuple[OwnPath, ...]
    made: tuple[OwnPath, ...]


def acting_for(
    vectors: Iterable[AccessVector], domains: Collection[str], entered: Mapping[str, frozenset[str]]
) -> Mapping[str, frozenset[str]]:
    """Return for each of DOMAINS who acts for it: the helpers that it enters, and those that they enter in turn.

    A guest, which has categories of its own (libvirt's sVirt), is no helper, and none of DOMAINS is another's. What
    a helper enters is not in a recording of its daemon; ENTERED has it, by the rules of the base.
    """
    found: dict[str, set[str]] = {domain: set() for domain in domains}
    for vector in vectors:
        source, target = vector.source, vector.target
        if (vector.tclass, vector.perm) == ("process", "transition") and source.range_ == target.range_:
            found.get(source.type_, set()).add(target.type_)
    for helpers in found.values():
        waiting = list(helpers)
        while waiting:
            new = entered.get(waiting.pop(), frozenset()) - helpers
            helpers |= new
            waiting += new
        helpers -= set(domains)
    return {domain: frozenset(helpers) for domain, helpers in found.items()}


class Paths:
    """The observed paths with their owners.

    SEEN is what was seen, DAEMONS those that may have paths of their own, KNOWN all whose sockets are known. ACTING
    has for each domain who acts for it; STARTERS start daemons and act for every one of them.
    """

    def __init__(
        self,
        seen: Touched,
        daemons: Sequence[Daemon],
        known: Sequence[Daemon],
        acting: Mapping[str, frozenset[str]],
        starters: frozenset[str],
        labels: Labels,
    ) -> None:
        self._seen = seen
        self._daemons = tuple(daemons)
        self._domains = frozenset(daemon.domain for daemon in daemons)
        self._labels = labels
        self._acting = acting
        self._starters = starters
        self._relabelled = frozenset[str]().union(*(seen.relabelled.get(daemon.domain, ()) for daemon in daemons))
        self._claims: dict[str, set[str]] = {}
        for daemon in (*known, *daemons):
            for path in map(labels.canonical, daemon.sockets):
                self._claims.setdefault(path, set()).add(daemon.domain)
        self._sockets: dict[str, set[str]] = {}
        for path, domains in self._claims.items():
            self._sockets.setdefault(dirname(path), set()).update(domains)
        self._changed = {path: self._changers(changers) for path, changers in seen.changed.items()}
        self._files = {path: self._changers(changers) for path, changers in seen.files.items()}
        self._used = sorted(seen.users)
        self._entries: dict[str, list[str]] = {}
        for path in seen.parents:
            self._entries.setdefault(dirname(path), []).append(path)
        self._folders = sorted(self._changed)
        self._ask()
        self._owner = self._owners()

    def found(self, daemon: Daemon) -> Found:
        """Return what is DAEMON's; paths sorted."""
        domain = daemon.domain
        own = {
            OwnPath(path, FileKind.DIR, labelled=not varies(basename(path)))
            for path, owner in self._owner.items()
            if owner == domain
            and self.owner(dirname(path)) != domain
            and is_plain_path(path)
            and not self._seldom(path, domain)
        }
        own |= set(self._own_files(domain))
        for path in map(self._labels.canonical, daemon.sockets):
            claimed = self._claims[path] == {domain} and root_of(path) and self.owner(path) != domain
            if claimed and not self._known(path, FileKind.SOCKET):
                own.add(OwnPath(path, FileKind.SOCKET))
        made = {
            OwnPath(path, KINDS[tclass])
            for path, created in self._seen.created.items()
            for source, tclass, _ in created
            if source in self._domains
            and domain in self._seen.users.get(path, ())
            and self._known(path, KINDS[tclass])
            and not varies(basename(path))
        }
        return Found(tuple(sorted(own)), tuple(sorted(made)))

    def owner(self, path: str) -> str | None:
        """Return the domain whose directory PATH is or is in."""
        for folder in (path, *ancestors(path)):
            if folder in self._owner:
                return self._owner[folder]
        return None

    def _changers(self, changers: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Return who of CHANGERS counts: not who starts daemons, and not where a daemon sets the labels itself."""
        return frozenset(source for source, type_ in changers if type_ not in self._relabelled) - self._starters

    def _ask(self) -> None:
        """Ask for all labels at once, with those of neighbours; each question is a process."""
        wanted: dict[FileKind, set[str]] = {}
        paths = {(path, "dir") for path in self._changed}
        paths |= {(path, tclass) for path, made in self._seen.created.items() for _, tclass, _ in made}
        paths |= {
            (path, "sock_file") for daemon in self._daemons for path in map(self._labels.canonical, daemon.sockets)
        }
        for path, tclass in paths:
            if root_of(path) and is_plain_path(path):
                wanted.setdefault(KINDS[tclass], set()).update((path, _neighbour(path)))
                for folder in ancestors(path):
                    wanted.setdefault(FileKind.DIR, set()).update((folder, _neighbour(folder)))
        self._types = {
            (path, kind): type_
            for kind, asked in wanted.items()
            for path, type_ in self._labels.types(asked, kind).items()
        }

    def _known(self, path: str, kind: FileKind) -> bool:
        """Say whether the file contexts know PATH by itself: it gets another type than its neighbours would."""
        type_ = self._types.get((path, kind), "")
        return bool(type_) and type_ != self._types.get((_neighbour(path), kind))

    def _settled(self, folder: str) -> bool:
        """Say whether the file contexts have given FOLDER its one purpose.

        That is so if they know it, or the folder it is in, by itself, name no other type in there, and it is worked
        in: in a folder that only holds those of several daemons nobody makes anything.
        """
        for above in (folder, *ancestors(folder)):
            if root_of(above) and self._known(above, FileKind.DIR):
                shared = self._labels.below(above) - {self._types[above, FileKind.DIR]}
                return bool(self._changed.get(above)) and not shared
        return False

    def _strange(self, folder: str, domain: str) -> bool:
        """Say whether a daemon that is not DOMAIN has its socket in FOLDER."""
        return bool(self._sockets.get(folder, set()) - {domain})

    def _sole(self, folder: str) -> str | None:
        """Return the one daemon that changes what is in FOLDER, None where there is none or anybody else does."""
        changers = self._changed.get(folder, frozenset())
        for daemon in self._daemons:
            if daemon.domain in changers and changers <= self._crew(daemon.domain):
                return daemon.domain
        return None

    def _crew(self, domain: str) -> frozenset[str]:
        return self._acting.get(domain, frozenset()) | {domain}

    def _owners(self) -> dict[str, str]:
        """Return the directories that have an owner, with everything in them but for those of other owners."""
        candidates = set(self._folders) | {
            path for path, made in self._seen.created.items() if any(tclass == "dir" for _, tclass, _ in made)
        }
        found: dict[str, str] = {}
        for path in sorted(candidates, key=lambda path: (-path.count("/"), path)):
            domain = self._sole(path) if self._changed.get(path) else self._maker(path)
            if domain is None or not self._ownable(path, domain):
                continue
            crew = self._crew(domain)
            if all(
                inner in found or (self._changed[inner] <= crew and self._ownable(inner, domain))
                for inner in self._inside(path)
            ):
                found[path] = domain
        return found

    def _ownable(self, path: str, domain: str) -> bool:
        """Say whether the directory PATH could be DOMAIN's by its place and by what the base says of it."""
        if root_of(path) is None or self._known(path, FileKind.DIR) or self._settled(dirname(path)):
            return False
        return not (self._strange(path, domain) or self._labels.below(path) or self._blind(path, domain))

    def _inside(self, path: str) -> Iterator[str]:
        start = f"{path}/"
        for place in range(bisect_left(self._folders, start), len(self._folders)):
            if not self._folders[place].startswith(start):
                return
            yield self._folders[place]

    def _seldom(self, path: str, domain: str) -> bool:
        """Say whether DOMAIN used PATH, or what is in it, in few of the scenarios in which it was seen."""
        every = self._seen.traces.get(domain, set())
        if len(every) < _SCENARIOS:
            return False
        found = set(self._seen.users.get(path, {}).get(domain, ()))
        start = f"{path}/"
        for place in range(bisect_left(self._used, start), len(self._used)):
            if not self._used[place].startswith(start):
                break
            found |= self._seen.users[self._used[place]].get(domain, set())
        return len(found) < _SHARE * len(every)

    def _maker(self, path: str) -> str | None:
        makers = self._changers((source, type_) for source, _, type_ in self._seen.created.get(path, ()))
        return next((daemon.domain for daemon in self._daemons if makers == {daemon.domain}), None)

    def _blind(self, path: str, domain: str) -> bool:
        """Say whether anybody else changed objects of the types in PATH without our knowing which."""
        types = {type_ for _, type_ in self._seen.changed.get(path, ())} | self._seen.types.get(path, set())
        return any(type_ in types and source != domain for source, type_ in self._seen.blind)

    def _made(self, domain: str) -> Iterator[tuple[str, str]]:
        for path, made in self._seen.created.items():
            for source, tclass, type_ in made:
                if source == domain and type_ not in self._relabelled and root_of(path) and is_plain_path(path):
                    yield path, tclass

    def _own_files(self, domain: str) -> Iterator[OwnPath]:
        """Yield single files in folders of everybody, which DOMAIN makes and nobody else changes."""
        for path, tclass in self._made(domain):
            folder = dirname(path)
            if tclass == "dir" or self.owner(folder) == domain or self._known(path, KINDS[tclass]):
                continue
            if self._sole(folder) == domain and not self._known(folder, FileKind.DIR):
                continue  # its own but for what others do further in: the names in there are those of guests
            if not self._alone(path, domain) or self._settled(folder) or self._blind(path, domain):
                continue
            if self._seldom(path, domain):
                continue
            yield _own_file(path, tclass)
            # What is written under a passing name and then renamed ends under a name that begins the passing one.
            if path in self._seen.renamed.get(folder, ()):
                for other in self._entries.get(folder, ()):
                    if path != other and path.startswith(other) and self._alone(other, domain):
                        yield _own_file(other, tclass)

    def _alone(self, path: str, domain: str) -> bool:
        return is_plain_path(path) and self._files.get(path, frozenset()) <= {domain}


def _own_file(path: str, tclass: str) -> OwnPath:
    return OwnPath(path, KINDS[tclass], labelled=not varies(basename(path)))


def _neighbour(path: str) -> str:
    return f"{dirname(path)}/{_NOBODY}"
