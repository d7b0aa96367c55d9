# SPDX-License-Identifier: GPL-2.0-or-later
"""Writer of refpolicy source, the .te file of a module.

Sections and their order are those of refpolicy's style guide, as far as SELint checks them (C-001, C-006):
declarations; what the daemon does (its transitions, rules about itself, about its own types, about all others, and
optional blocks); then each other domain in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from textwrap import wrap

from policytool.generate.writers.calls import raw_groups, write_calls
from policytool.generate.writers.comment import reasons, safe
from policytool.generate.writers.m4_words import undefine
from policytool.model.access import AccessKey
from policytool.model.module import MacroCall, Need, OptionalBlock, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import AllowRule, AllowXpermRule, DontauditRule, TypeTransition
from policytool.model.support import Sample

_RULER = "#" * 40

# Of a list in the header, in characters.
_WIDTH = 100


def write_te(module: PolicyModule) -> str:
    """Return the .te text of MODULE; equal modules give equal bytes."""
    writer = _Writer(module)
    lines = [f"policy_module({module.name}, {module.version})", "", *_header(module), ""]
    body = writer.body()
    names = {transition.name for transition in writer.transitions if transition.name}
    statements = (*_require(module), *_declarations(module), *body)
    plain = "\n".join(line for line in statements if not line.lstrip().startswith("#"))
    undefined, quoted = undefine(sorted(names), _without_names(plain))
    if quoted:
        body = [_quoted(line, quoted) for line in body]
    lines += [*_require(module), *_declarations(module)]
    if undefined:
        lines += ["# m4 would take these words in names of files for macros.", *undefined, ""]
    lines += body
    if module.remarks:
        lines += [_RULER, "#", "# What was seen and is not allowed here", "#"]
        lines += [f"# {safe(remark)}" for remark in module.remarks]
    return "\n".join(lines).rstrip("\n") + "\n"


def _without_names(text: str) -> str:
    """Return TEXT without the names of files in it, which stand in double quotes."""
    return " ".join(text.split('"')[::2])


def _quoted(line: str, names: frozenset[str]) -> str:
    """Return LINE with the name of a file that it ends with in m4's quotes, if that is one of NAMES."""
    start, mark, rest = line.partition('"')
    name, _, end = rest.partition('"')
    is_transition = start.lstrip().startswith("type_transition ")
    return f"{start}{mark}`{name}'{mark}{end}" if is_transition and name in names else line


class _Writer:
    """Writes the sections of one module."""

    def __init__(self, module: PolicyModule) -> None:
        self.module = module
        self.sample = module.sample
        self.xperms = {rule.sort_key[:3]: rule for rule in module.xperm_rules}
        self.raw = {raw.key: raw for raw in module.raw}
        self.sets = {(of.tclass, of.perms): of.name for of in module.named_perms}
        self.transitions = module.every_transition
        self.known = module.declared | _required_types(module)

    def body(self) -> list[str]:
        """Return the lines behind the declarations."""
        module = self.module
        own = self._of((module.domain,))
        others = [line for source in self._other_sources() for line in self._of((source,))]
        return [
            *_section(f"{module.domain} local policy: what it was seen doing", own),
            *_section(f"What others were seen doing to {module.domain}", others),
        ]

    def _other_sources(self) -> list[str]:
        sources = {transition.source for transition in self.transitions}
        sources |= {rule.source for rule in self.module.every_rule}
        sources |= {rule.source for rule in self.module.every_dontaudit}
        sources |= {call.arguments[0] for call in self.module.every_call}
        return sorted(sources - {self.module.domain})

    def _of(self, sources: Sequence[str]) -> list[str]:
        """Return what the module says of SOURCES: transitions, rules and dontaudit rules, optional blocks."""
        module = self.module
        transitions = [transition for transition in module.transitions if transition.source in sources]
        others = self._other_sources()
        lines = [
            line
            for transition in transitions
            for line in _transition(transition, misread=transition.target in others)
        ]
        lines += [""] if lines else []
        silent = [rule for rule in module.dontaudit_rules if rule.source in sources]
        # As in refpolicy, what is about the domain itself comes first; its dontaudit rules too.
        lines += _silent(rule for rule in silent if rule.source == rule.target)
        rules = sorted((rule for rule in module.rules if rule.source in sources), key=self._place)
        lines += [line for rule in rules if rule.sort_key not in self.raw for line in self._allow(rule)]
        if module.profile is Profile.INTERFACES:
            lines += self._worded(rules, [call for call in module.calls if call.arguments[0] in sources])
        lines += _silent(rule for rule in silent if rule.source != rule.target)
        for block in module.optionals:
            lines += self._optional(block, sources)
        return lines

    def _optional(self, block: OptionalBlock, sources: Sequence[str]) -> list[str]:
        """Return what BLOCK says of SOURCES, as a block of its own; nothing if it says nothing of them."""
        part = block.about(sources)
        lines = [line for transition in part.transitions for line in [*_transition(transition, misread=True), ""]]
        xperms = {rule.sort_key[:3]: rule for rule in part.xperm_rules}
        for rule in part.rules:
            why = self.raw.get(rule.sort_key)
            reason = "\n".join(text for text in (why.interface if why else "", rule.reason) if text)
            perms = self.sets.get((rule.tclass, rule.perms), "")
            lines += _allow(replace(rule, reason=reason), xperms, self.sample, perms)
        lines += write_calls(part.calls, self.module.declared, self.sample)
        lines += _silent(part.dontaudit_rules)
        if not lines:
            return []
        inner = [*_required(part, self.known), *lines]
        indented = [f"\t{line}" if line else "" for line in inner[:-1]]
        return [_where(block), "optional_policy(`", *indented, "')", ""]

    def _worded(self, rules: Sequence[AllowRule], calls: Sequence[MacroCall]) -> list[str]:
        """Return CALLS behind the rules about own types, and other RULES under the reason why they are no calls."""
        own, *others = raw_groups(rules, self.raw)
        lines = [line for rule in own[1] for line in self._named(rule)]
        lines += write_calls(calls, self.module.declared, self.sample)
        for title, group in others:
            lines += [f"# {title}:", ""] if group else []
            lines += [line for rule in group for line in self._named(rule)]
        return lines

    def _named(self, rule: AllowRule) -> list[str]:
        return self._allow(rule, self.sets.get((rule.tclass, rule.perms), ""))

    def _allow(self, rule: AllowRule, perms: str = "") -> list[str]:
        return _allow(rule, self.xperms, self.sample, perms)

    def _place(self, rule: AllowRule) -> int:
        """Return the place of RULE in its section: rules about itself, about the module's own types, the others."""
        if rule.source == rule.target:
            return 0
        return 1 if {rule.source, rule.target} <= self.module.declared else 2


def _header(module: PolicyModule) -> list[str]:
    base = module.base
    lines = [f"# {safe(module.summary)}", "#"] if module.summary else []
    lines += [
        f"# Generated by policytool (profile {module.profile}) from what was seen in the traces; "
        "do not edit, generate again.",
        f"# Base:   {safe(base.name)} {safe(base.version)}".rstrip(),
        f"#         sha256 {base.sha256}",
    ]
    lines += _list("Traces:", [", ".join(module.traces)])
    if module.scenarios:
        lines.append(f"# Seen:   in {len(module.scenarios)} of these {len(module.traces)} scenarios")
    lines += _list(
        "Needs:",
        [
            f"{', '.join(names)}, for {_counted(len(accesses), 'permission')}"
            for accesses, names in _needed(module.needs).items()
        ],
    )
    if module.extends:
        lines.append(f"# {module.domain} is the base's own domain: this module extends it and declares nothing.")
    if module.extends and not module.every_rule:
        lines.append(
            "# No rule can be made of what was seen: the end of this file says why."
            if module.remarks
            else "# The base grants all that was seen: there is nothing to add."
        )
    return lines


def _list(label: str, entries: Iterable[str]) -> list[str]:
    """Return ENTRIES behind LABEL, each wrapped and on lines of its own."""
    lines = [line for entry in entries for line in wrap(safe(entry, 0), _WIDTH, break_on_hyphens=False)]
    return [f"# {'' if number else label:7} {line}" for number, line in enumerate(lines)]


def _needed(needs: Iterable[Need]) -> dict[tuple[AccessKey, ...], list[str]]:
    """Return the names of the modules, any of which does it, for the accesses that one of NEEDS is about."""
    found: dict[tuple[AccessKey, ...], list[str]] = {}
    for need in needs:
        found.setdefault(need.accesses, []).append(need.module)
    return found


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _require(module: PolicyModule) -> list[str]:
    types = _required_types(module)
    attributes = {name for declaration in module.types for name in declaration.attributes}
    attributes |= {name for attribute in module.attributes for name in attribute.attributes}
    names = [("attribute", name) for name in sorted(attributes, key=style_key)]
    names += [("type", name) for name in sorted(types, key=style_key)]
    # policy_module() requires the classes of the kernel, but not those of user space (dbus).
    names += [
        ("class", f"{tclass} {_set(perms)}") for tclass, perms in _classes((*module.rules, *module.dontaudit_rules))
    ]
    names += [("role", role) for role in sorted({role.role for role in module.roles})]
    if not names:
        return []
    return ["gen_require(`", *(f"\t{kind} {name};" for kind, name in names), "')", ""]


def _required_types(module: PolicyModule) -> frozenset[str]:
    """Return the types that MODULE requires outside of optional blocks."""
    types = {name for rule in module.rules for name in (rule.source, rule.target)}
    types |= {
        name
        for transition in module.transitions
        for name in (transition.source, transition.target, transition.default)
    }
    types |= {name for rule in module.dontaudit_rules for name in (rule.source, rule.target)}
    types |= {attribute.type_ for attribute in module.attributes}
    types |= {module.domain} if module.extends else set()
    types |= {name for call in module.calls for name in call.types}
    return frozenset(types - module.declared)


def _classes(rules: Iterable[AllowRule | DontauditRule]) -> list[tuple[str, tuple[str, ...]]]:
    perms: dict[str, set[str]] = {}
    for rule in rules:
        perms.setdefault(rule.tclass, set()).update(rule.perms)
    return [(tclass, tuple(sorted(names))) for tclass, names in sorted(perms.items())]


def _declarations(module: PolicyModule) -> list[str]:
    if not (module.types or module.attributes or module.roles):
        return []
    lines = [_RULER, "#", "# Declarations", "#", ""]
    for declaration in module.types:
        lines.append(f"# {safe(declaration.reason)}")
        lines.append(f"type {', '.join((declaration.name, *declaration.attributes))};")
    for attribute in module.attributes:
        lines.append(f"# {safe(attribute.reason)}")
        lines.append(f"typeattribute {attribute.type_} {', '.join(attribute.attributes)};")
    lines += [f"role {role.role} types {role.type_};" for role in module.roles]
    return [*lines, ""]


def _transition(transition: TypeTransition, *, misread: bool) -> list[str]:
    """Return the lines of TRANSITION. SELint 1.4.0 takes the target for the domain in whose section it belongs.

    MISREAD: there is such a section, or other rules stand behind the transition.
    """
    name = f' "{transition.name}"' if transition.name else ""
    return [
        f"# {safe(transition.reason)}",
        f"type_transition {transition.source} {transition.target}:{transition.tclass} {transition.default}{name};"
        f"{' #selint-disable:C-001' if misread else ''}",
    ]


def _section(title: str, body: list[str]) -> list[str]:
    return [_RULER, "#", f"# {title}", "#", "", *body] if body else []


def _allow(
    rule: AllowRule, xperms: dict[tuple[str, str, str], AllowXpermRule], sample: Sample, perms: str = ""
) -> list[str]:
    target = "self" if rule.target == rule.source else rule.target
    lines = [f"# {reason}" for reason in reasons(rule, sample)]
    lines.append(f"allow {rule.source} {target}:{rule.tclass} {perms or _set(rule.perms)};")
    if (xperm := xperms.get(rule.sort_key)) and xperm.perm in rule.perms:
        commands = _set(tuple(f"0x{command:04x}" for command in xperm.xperms), always=True)
        lines.append(f"# {safe(xperm.reason)}")
        lines.append(f"allowxperm {xperm.source} {target}:{xperm.tclass} {xperm.perm} {commands};")
    return [*lines, ""]


def _silent(rules: Iterable[DontauditRule]) -> list[str]:
    """Return dontaudit RULES under a heading; nothing if there is none."""
    lines: list[str] = []
    for rule in rules:
        target = "self" if rule.target == rule.source else rule.target
        lines += [f"# {safe(line)}" for line in rule.reason.split("\n")]
        lines.append(f"dontaudit {rule.source} {target}:{rule.tclass} {_set(rule.perms)};")
    return ["# What is denied, and not logged.", *lines, ""] if lines else []


def _required(block: OptionalBlock, known: frozenset[str]) -> list[str]:
    """Return what BLOCK requires: the types that it names and that are not KNOWN outside of it."""
    types = block.names - known if block.modules else {*block.types}
    required = [f"\ttype {name};" for name in sorted(types, key=style_key)]
    required += [
        f"\tclass {tclass} {_set(perms)};" for tclass, perms in _classes((*block.rules, *block.dontaudit_rules))
    ]
    return ["gen_require(`", *required, "')", ""] if required else []


def _where(block: OptionalBlock) -> str:
    """Return a comment that says where BLOCK is in force."""
    if not block.modules:
        return f"# Where another module declares {', '.join(block.types)}."
    plural = "the modules" if len(block.modules) > 1 else "the module"
    return f"# Where the base has {plural} {', '.join(block.modules)}."


def style_key(name: str) -> str:
    """Return what names are sorted by in a requirement: SELint (C-006) leaves out the ending of a type or role."""
    return name.removesuffix("_t").removesuffix("_r")


def _set(words: tuple[str, ...], *, always: bool = False) -> str:
    return words[0] if len(words) == 1 and not always else f"{{ {' '.join(words)} }}"
