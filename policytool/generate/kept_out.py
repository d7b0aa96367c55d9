# SPDX-License-Identifier: GPL-2.0-or-later
"""Who could reach what is a daemon's own before it had types of its own, by rules of the base: a report.

Rules on an attribute that the private type carries still hold. Those that name the old type itself, or the domain
that kept its objects under it so far (libvirtd's), do not: whoever needs them calls an interface of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from policytool.generate.file_interfaces import CHANGES
from policytool.model.module import InterfaceKind, PolicyModule
from policytool.model.own_path import KINDS, PrivateType
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRule, TeRuleType

_CALL = ("unix_stream_socket", "connectto")
_SYSTEM_ROLE = "system_r"
_STATE = ("file", "dir", "lnk_file", "process")


@dataclass(frozen=True, slots=True, order=True)
class KeptOut:
    """`allow SOURCE OLD:TCLASS { PERMS };` of the base for each of SOURCES, none of which holds for NEW.

    Sources are types or attributes, as the rules have them. INTERFACE of the module gives the same, if any does.
    """

    new: str
    old: str
    tclass: str
    perms: tuple[str, ...]
    interface: str
    sources: tuple[str, ...]


def lost_reach(
    modules: Mapping[str, PolicyModule], private: Mapping[str, Sequence[PrivateType]], base: CompiledPolicy
) -> Mapping[str, tuple[KeptOut, ...]]:
    """Return, by domain, what BASE lets others do to the types that PRIVATE ones replace, and to who keeps them."""
    replaced = {type_ for types in private.values() for private_type in types for type_ in private_type.replaces}
    if not replaced:
        return {}
    on_types = _rules(base, lambda source, target, tclass: target in replaced and tclass in KINDS)
    keepers = {domain: _keepers(types, on_types, base) for domain, types in private.items()}
    every_keeper = frozenset[str]().union(*keepers.values())
    on_keepers = _rules(base, lambda source, target, _: target in every_keeper and source not in every_keeper)
    return {
        domain: _summary(
            modules[domain],
            [
                *(
                    (private_type.name, rule)
                    for private_type in types
                    for rule in on_types
                    if _held(private_type, rule)
                ),
                *((domain, rule) for rule in on_keepers if rule.target in keepers[domain]),
            ],
        )
        for domain, types in private.items()
    }


def _rules(base: CompiledPolicy, where: Callable[[str, str, str], bool]) -> list[TeRule]:
    return [rule for rule in base.rules({TeRuleType.ALLOW}, where) if rule.enabled]


def _held(private: PrivateType, rule: TeRule) -> bool:
    return not {(rule.target, ""), (rule.target, rule.tclass)}.isdisjoint(private.replaced)


def _keepers(types: Iterable[PrivateType], rules: Iterable[TeRule], base: CompiledPolicy) -> frozenset[str]:
    """Return the system's domains that make sockets of the replaced types: the daemon serves what they served."""
    system = base.roles.get(_SYSTEM_ROLE, frozenset())
    sockets = {type_ for private_type in types for type_, tclass in private_type.replaced if tclass == "sock_file"}
    return frozenset(
        rule.source
        for rule in rules
        if rule.target in sockets
        and rule.tclass == "sock_file"
        and "create" in rule.perms
        and rule.source in system
    )


def _summary(module: PolicyModule, lost: Iterable[tuple[str, TeRule]]) -> tuple[KeptOut, ...]:
    sources: dict[tuple[str, str, str, tuple[str, ...], str], set[str]] = {}
    for new, rule in lost:
        key = (new, rule.target, rule.tclass, tuple(sorted(rule.perms)), _interface(module, new, rule))
        sources.setdefault(key, set()).add(rule.source)
    return tuple(KeptOut(*key, tuple(sorted(found))) for key, found in sorted(sources.items()))


def _interface(module: PolicyModule, new: str, rule: TeRule) -> str:
    """Name the interface of MODULE that gives what RULE gave, "" if there is none."""
    kinds: set[InterfaceKind] = set()
    if ((rule.tclass, new) == ("unix_stream_socket", module.domain) and _CALL[1] in rule.perms) or (
        rule.tclass == "sock_file" and new != module.domain and "write" in rule.perms
    ):
        kinds = {InterfaceKind.STREAM_CONNECT}
    elif new == module.domain and rule.tclass in _STATE and "getattr" in rule.perms:
        kinds = {InterfaceKind.READ_STATE}
    elif new != module.domain:
        kinds = {InterfaceKind.MANAGE} if CHANGES & rule.perms else {InterfaceKind.READ, InterfaceKind.MANAGE}
    for interface in module.interfaces:
        if interface.kind in kinds and new in (interface.domain, *interface.types):
            return interface.name
    return ""
