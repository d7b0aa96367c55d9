# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks of setools' sechecker(1), read from its ini files: assert_te, ro_execs, empty_typeattr, assert_rbac.

They mean what setools 4.4 makes of them, which a test compares. setools passes over all rules once for each
executable type; here once is enough.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from policytool.errors import InputError
from policytool.gate.broken import Broken
from policytool.gate.growth import Growth
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_ALLOW = (TeRuleType.ALLOW,)
_EVERY = frozenset({"check_type", "desc", "disable"})
_OPTIONS = {
    "assert_te": frozenset(
        {"source", "target", "tclass", "perms", "exempt_source", "exempt_target", "expect_source", "expect_target"}
    ),
    "assert_rbac": frozenset(
        {"source", "target", "exempt_source", "exempt_target", "expect_source", "expect_target"}
    ),
    "empty_typeattr": frozenset({"attr", "missing_ok"}),
    "ro_execs": frozenset({"exempt_write_domain", "exempt_exec_domain", "exempt_file"}),
}


@dataclass(frozen=True, slots=True)
class Check:
    """A section of an ini file: its name, its options, and the line on which it begins."""

    name: str
    options: Mapping[str, str]
    line: int


def read_sechecker(path: str, text: str) -> tuple[Check, ...]:
    """Read the ini TEXT of the file PATH. InputError for what sechecker would refuse, but for unknown names."""
    parser = configparser.ConfigParser(interpolation=configparser.BasicInterpolation())
    try:
        parser.read_string(text, source=path)
        sections = [(name, dict(parser[name])) for name in parser.sections()]
    except configparser.Error as error:
        raise InputError(f"{path}: {error}") from error
    if not sections:
        raise InputError(f"{path} has no check: a section with check_type")
    lines = {line.strip()[1:-1]: number for number, line in enumerate(text.splitlines(), 1) if line.startswith("[")}
    found = []
    for name, options in sections:
        kind = options.get("check_type", "")
        if kind not in _OPTIONS:
            raise InputError(f"{path}: the check {name} has the unknown check_type {kind!r}")
        if unknown := sorted(options.keys() - _OPTIONS[kind] - _EVERY):
            raise InputError(f"{path}: the check {name} has the unknown option {unknown[0]!r}")
        found.append(Check(name, options, lines.get(name, 0)))
    return tuple(found)


def run_check(check: Check, policy: CompiledPolicy) -> Iterator[Broken]:
    """Yield what fails CHECK, nothing where it is disabled. Names in exempt lists may be unknown, others not."""
    if check.options.get("disable", "").strip():
        return
    kinds: Mapping[str, Callable[[Check, CompiledPolicy], Iterator[Broken]]] = {
        "assert_te": _assert_te,
        "assert_rbac": _assert_rbac,
        "empty_typeattr": _empty_typeattr,
        "ro_execs": _ro_execs,
    }
    yield from kinds[check.options["check_type"]](check, policy)


def _words(check: Check, option: str) -> list[str]:
    # setools looks each word up by itself; comments begin with # after a space, as in refpolicy's file.
    lines = check.options.get(option, "").splitlines()
    return [word for line in lines for word in line.split("#", 1)[0].split()]


def _types(check: Check, option: str, policy: CompiledPolicy) -> frozenset[str]:
    return frozenset().union(*(policy.expand(name) for name in _words(check, option)))


def _unknown(check: Check, policy: CompiledPolicy, options: tuple[str, ...]) -> Iterator[Broken]:
    for option in options:
        for name in _words(check, option):
            if not policy.expand(name) and name not in policy.attributes:
                said = f"{option} names {name}, which the policy does not have: the check was not made"
                yield _broken("A-unknown", check, said)


def _assert_te(check: Check, policy: CompiledPolicy) -> Iterator[Broken]:
    unknown = list(_unknown(check, policy, ("source", "target", "expect_source", "expect_target")))
    classes, perms = frozenset(_words(check, "tclass")), frozenset(_words(check, "perms"))
    unknown += [
        _broken("A-unknown", check, f"the policy has no class {tclass}: the check was not made")
        for tclass in sorted(classes - policy.classes.keys())
    ]
    if unknown:
        yield from unknown
        return
    sources, targets = _types(check, "source", policy), _types(check, "target", policy)
    expected = [_types(check, f"expect_{side}", policy) for side in ("source", "target")]
    spared = [
        _types(check, f"exempt_{side}", policy) | own
        for side, own in zip(("source", "target"), expected, strict=True)
    ]

    def asked(source: str, target: str, tclass: str) -> bool:
        return (
            (not classes or tclass in classes)
            and (not sources or bool(sources & policy.expand(source)))
            and (not targets or bool(targets & policy.expand(target)))
        )

    unseen = [set(own) for own in expected]
    for rule in policy.rules(_ALLOW, asked):
        if perms and not perms & rule.perms:
            continue
        left = [policy.expand(rule.source), policy.expand(rule.target)]
        for own, types in zip(unseen, left, strict=True):
            own -= types
        beyond = [types - own for types, own in zip(left, spared, strict=True)]
        if all(beyond):
            some = tuple(sorted(perms & rule.perms if perms else rule.perms))
            for source in sorted(beyond[0]):
                target = source if rule.target == rule.source else min(beyond[1])
                said = f"{source} may {rule.target}:{rule.tclass} {{ {' '.join(some)} }}"
                words = (rule.source, rule.target, rule.tclass, *some)
                yield _broken(
                    "A-sechecker", check, said, source, rule.target, rule.tclass, some, (source, target), words
                )
    for own in unseen:
        for type_ in sorted(own):
            yield _broken("A-sechecker", check, f"a rule with {type_} is expected, and there is none")


def _assert_rbac(check: Check, policy: CompiledPolicy) -> Iterator[Broken]:
    names = {option: frozenset(_words(check, option)) for option in _OPTIONS["assert_rbac"]}
    unseen = [set(names["expect_source"]), set(names["expect_target"])]
    for source, target in sorted(policy.role_allows):
        if names["source"] and source not in names["source"]:
            continue
        if names["target"] and target not in names["target"]:
            continue
        unseen[0].discard(source)
        unseen[1].discard(target)
        if source not in names["expect_source"] | names["exempt_source"] and (
            target not in names["expect_target"] | names["exempt_target"]
        ):
            said = f"role {source} may change to role {target}"
            yield _broken("A-sechecker", check, said, source, target, words=(source, target))
    for own in unseen:
        for role in sorted(own):
            yield _broken("A-sechecker", check, f"a change of role with {role} is expected, and there is none")


def _empty_typeattr(check: Check, policy: CompiledPolicy) -> Iterator[Broken]:
    attribute = check.options.get("attr", "").strip()
    if attribute not in policy.attributes:
        if check.options.get("missing_ok", "").strip().lower() not in ("yes", "true", "1"):
            yield _broken("A-unknown", check, f"the policy has no attribute {attribute}: the check was not made")
        return
    for type_ in sorted(policy.attributes[attribute]):
        said = f"{type_} carries the attribute {attribute}"
        yield _broken("A-sechecker", check, said, type_, attribute, words=(type_, attribute))


def _ro_execs(check: Check, policy: CompiledPolicy) -> Iterator[Broken]:
    files = _types(check, "exempt_file", policy)
    starters, writers = _types(check, "exempt_exec_domain", policy), _types(check, "exempt_write_domain", policy)
    rules = list(policy.rules(_ALLOW, lambda _, __, tclass: tclass == "file"))
    executed: set[str] = set()
    for rule in rules:
        if rule.perms & {"execute", "execute_no_trans"} and policy.expand(rule.source) - starters:
            executed |= policy.expand(rule.target) - files
    for rule in rules:
        targets = sorted(policy.expand(rule.target) & executed)
        if (some := tuple(sorted(rule.perms & {"write", "append"}))) and targets:
            for source in sorted(policy.expand(rule.source) - writers):
                target = targets[0] if len(targets) == 1 else rule.target
                more = f" ({len(targets)} types)" if len(targets) > 1 else ""
                said = f"{source} may {target}:file {{ {' '.join(some)} }}{more}, which is executed"
                words = (rule.source, rule.target, "file", *some)
                example = (source, targets[0])
                yield _broken("A-sechecker", check, said, source, target, "file", some, example, words)


def _broken(
    id_: str,
    check: Check,
    said: str,
    source: str = "",
    target: str = "",
    tclass: str = "",
    perms: tuple[str, ...] = (),
    example: tuple[str, str] = ("", ""),
    words: tuple[str, ...] = (),
) -> Broken:
    desc = " ".join(check.options.get("desc", "").split())
    message = f"{check.name}: {said}" + (f" ({desc})" if desc else "")
    keyword = "allow" if example[0] else ""
    return Broken(check.name, Growth(id_, message, source, target, tclass, perms, example, 0, words, keyword))
