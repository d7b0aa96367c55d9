# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy module as a plain value; writers turn it into refpolicy source or CIL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum

from policytool.model.access import AccessKey, Evidence
from policytool.model.context import SecurityContext
from policytool.model.profile import Profile
from policytool.model.rules import (
    AllowRule,
    AllowXpermRule,
    DontauditRule,
    RoleType,
    TypeAttribute,
    TypeDeclaration,
    TypeTransition,
)
from policytool.model.support import Sample


@dataclass(frozen=True, slots=True)
class BasePolicy:
    """The base that a module is made against: name, package version ("" unknown), sha256 of its modules."""

    name: str
    version: str
    sha256: str


class FileKind(StrEnum):
    """The object kinds of a file context; the value is the mark of a .fc file, "" being any kind."""

    ANY = ""
    FILE = "--"
    DIR = "-d"
    SYMLINK = "-l"
    SOCKET = "-s"
    PIPE = "-p"
    BLOCK = "-b"
    CHAR = "-c"


@dataclass(frozen=True, slots=True, order=True)
class FileContext:
    """One line of a .fc file: a regular expression over paths (escaped by its maker), a kind, a context."""

    pattern: str
    kind: FileKind
    context: SecurityContext


class InterfaceKind(StrEnum):
    """The interfaces that a generated module offers to others."""

    DOMTRANS = "domtrans"
    STREAM_CONNECT = "stream_connect"
    READ_STATE = "read_state"
    READ = "read"
    MANAGE = "manage"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Interface:
    """A refpolicy interface of the module. `types` are what it is about: exec type, socket or file types.

    `folders` are the types of the folders on the way there, `searches` the interfaces of others by which the places
    are searched that everybody has files in (/etc, /run).
    """

    name: str
    kind: InterfaceKind
    summary: str
    domain: str
    types: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """What another MODULE does for this one: without it, ACCESSES are asked for and no rule allows them."""

    module: str
    accesses: tuple[AccessKey, ...]


@dataclass(frozen=True, slots=True, order=True)
class MacroCall:
    """A call of a macro of the policy headers instead of rules: what it covers of what was seen, and what it adds.

    `covers` are accesses and transitions, `excess` accesses that were never seen. `types` are the arguments that
    are types, `evidence` is that of all accesses that it covers. `owner` is the module that has the macro,
    "" for a pattern.
    """

    macro: str
    arguments: tuple[str, ...]
    types: tuple[str, ...]
    covers: tuple[tuple[str, ...], ...]
    excess: tuple[AccessKey, ...] = ()
    evidence: tuple[Evidence, ...] = field(default=(), compare=False)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class OptionalBlock:
    """Statements that hold only where TYPES, which another module declares, exist.

    `modules` names those of the base that declare them, where a host may do without these; else it is empty. The
    macros of `calls` may need types that are not named here.
    """

    types: tuple[str, ...]
    rules: tuple[AllowRule, ...]
    xperm_rules: tuple[AllowXpermRule, ...] = ()
    transitions: tuple[TypeTransition, ...] = ()
    dontaudit_rules: tuple[DontauditRule, ...] = ()
    calls: tuple[MacroCall, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every type that a statement of it names."""
        found = {name for rule in self.rules for name in (rule.source, rule.target)}
        found |= {name for rule in self.dontaudit_rules for name in (rule.source, rule.target)}
        found |= {name for of in self.transitions for name in (of.source, of.target, of.default)}
        return frozenset(found.union(*(call.types for call in self.calls)))

    @property
    def sources(self) -> frozenset[str]:
        """Who does what its statements are about."""
        found = {rule.source for rule in self.rules} | {rule.source for rule in self.dontaudit_rules}
        found |= {transition.source for transition in self.transitions}
        return frozenset(found | {call.arguments[0] for call in self.calls})

    def about(self, sources: Collection[str]) -> OptionalBlock:
        """Return the part whose statements are about one of SOURCES."""
        return replace(
            self,
            rules=tuple(rule for rule in self.rules if rule.source in sources),
            xperm_rules=tuple(rule for rule in self.xperm_rules if rule.source in sources),
            transitions=tuple(of for of in self.transitions if of.source in sources),
            dontaudit_rules=tuple(rule for rule in self.dontaudit_rules if rule.source in sources),
            calls=tuple(call for call in self.calls if call.arguments[0] in sources),
        )


class RawReason(StrEnum):
    """Why a rule stands as it is where refpolicy's words were wanted; the value is a heading."""

    OWN = "Rules about this module's own types"
    NONE = "No interface grants all of such a rule"
    DEARER = "An interface would bring more than it saves"
    UNSAFE = "An interface would bring what is dangerous or was decided against"


@dataclass(frozen=True, slots=True, order=True)
class RawRule:
    """Why the rule with KEY (source, target, class) is no call; the nearest INTERFACE, and what it would bring."""

    key: tuple[str, str, str]
    reason: RawReason
    interface: str = ""


@dataclass(frozen=True, slots=True, order=True)
class NamedPerms:
    """A permission set of refpolicy that is exactly PERMS of TCLASS."""

    tclass: str
    perms: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class PolicyModule:
    """A module: declarations, rules, transitions, file contexts, interfaces.

    `extends` says that `domain` is the base's own: then the module declares nothing. `traces` names the traces
    that the rules come from, `scenarios` those of them in which the domain was seen, `recordings` has for
    traces the bundles that hold them. `remarks` are about accesses that were seen and are in no rule, `needs`
    about the modules that were made with it. `calls`, `raw` and `named_perms` are of profile `interfaces`, and
    for refpolicy source alone. Every tuple is sorted, so that equal modules are equal texts.
    """

    name: str
    version: str
    domain: str
    extends: bool
    base: BasePolicy
    summary: str = ""
    traces: tuple[str, ...] = ()
    types: tuple[TypeDeclaration, ...] = ()
    attributes: tuple[TypeAttribute, ...] = ()
    roles: tuple[RoleType, ...] = ()
    transitions: tuple[TypeTransition, ...] = ()
    rules: tuple[AllowRule, ...] = ()
    xperm_rules: tuple[AllowXpermRule, ...] = ()
    optionals: tuple[OptionalBlock, ...] = ()
    dontaudit_rules: tuple[DontauditRule, ...] = ()
    file_contexts: tuple[FileContext, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    profile: Profile = Profile.EXACT
    remarks: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    calls: tuple[MacroCall, ...] = ()
    raw: tuple[RawRule, ...] = ()
    named_perms: tuple[NamedPerms, ...] = ()
    scenarios: tuple[str, ...] = ()
    recordings: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def sample(self) -> Sample:
        """What its accesses are counted among."""
        return Sample(len(self.scenarios), dict(self.recordings))

    @property
    def declared(self) -> frozenset[str]:
        """The types that the module declares itself."""
        return frozenset(declaration.name for declaration in self.types)

    @property
    def every_rule(self) -> tuple[AllowRule, ...]:
        """The allow rules, those of optional blocks included."""
        return (*self.rules, *(rule for block in self.optionals for rule in block.rules))

    @property
    def every_dontaudit(self) -> tuple[DontauditRule, ...]:
        """The dontaudit rules, those of optional blocks included."""
        return (*self.dontaudit_rules, *(rule for block in self.optionals for rule in block.dontaudit_rules))

    @property
    def every_transition(self) -> tuple[TypeTransition, ...]:
        """The transitions, those of optional blocks included."""
        return (*self.transitions, *(of for block in self.optionals for of in block.transitions))

    @property
    def every_call(self) -> tuple[MacroCall, ...]:
        """The calls of macros, those of optional blocks included."""
        return (*self.calls, *(call for block in self.optionals for call in block.calls))
