# SPDX-License-Identifier: GPL-2.0-or-later
"""Writer of CIL, the language that the toolchain links (secilc's reference guide)."""

from __future__ import annotations

from policytool.generate.writers.comment import reasons, safe
from policytool.model.context import SecurityContext
from policytool.model.module import FileContext, FileKind, OptionalBlock, PolicyModule
from policytool.model.rules import AllowRule, AllowXpermRule, DontauditRule, TypeTransition
from policytool.model.support import Sample

# The kinds of a filecon statement.
FILE_KINDS = {
    FileKind.ANY: "any",
    FileKind.FILE: "file",
    FileKind.DIR: "dir",
    FileKind.SYMLINK: "symlink",
    FileKind.SOCKET: "socket",
    FileKind.PIPE: "pipe",
    FileKind.BLOCK: "block",
    FileKind.CHAR: "char",
}


def write_cil(module: PolicyModule) -> str:
    """Return the CIL text of MODULE; equal modules give equal bytes."""
    lines = [
        f"; {module.name} {module.version}: the CIL form of {module.name}.te, from the same evidence.",
        f"; Base: {safe(module.base.name)} {safe(module.base.version)} sha256 {module.base.sha256}",
        "",
    ]
    for declaration in module.types:
        lines += [f"; {safe(declaration.reason)}", f"(type {declaration.name})"]
        lines.append(f"(roletype object_r {declaration.name})")
        lines += [f"(typeattributeset {name} ({declaration.name}))" for name in declaration.attributes]
    for attribute in module.attributes:
        lines.append(f"; {safe(attribute.reason)}")
        lines += [f"(typeattributeset {name} ({attribute.type_}))" for name in attribute.attributes]
    lines += [f"(roletype {role.role} {role.type_})" for role in module.roles]
    for transition in module.transitions:
        lines += _transition(transition, "")
    sample = module.sample
    lines += _rules(sample, module.rules, module.xperm_rules, "")
    for block in module.optionals:
        lines += _optional(module, block, sample)
    lines += _dontaudits(module.dontaudit_rules, "")
    lines += [_filecon(entry) for entry in module.file_contexts]
    lines += [f"; not allowed here: {safe(remark)}" for remark in module.remarks]
    return "\n".join(lines) + "\n"


def _rules(
    sample: Sample, rules: tuple[AllowRule, ...], xperm_rules: tuple[AllowXpermRule, ...], indent: str
) -> list[str]:
    xperms = {rule.sort_key[:3]: rule for rule in xperm_rules}
    lines = []
    for rule in rules:
        target = "self" if rule.target == rule.source else rule.target
        lines += [f"{indent}; {reason}" for reason in reasons(rule, sample)]
        lines.append(f"{indent}(allow {rule.source} {target} ({rule.tclass} ({' '.join(rule.perms)})))")
        if (xperm := xperms.get(rule.sort_key)) and xperm.perm in rule.perms:
            commands = " ".join(f"0x{command:x}" for command in xperm.xperms)
            operation = f"({xperm.perm} {xperm.tclass} ({commands}))"
            lines.append(f"{indent}; {safe(xperm.reason)}")
            lines.append(f"{indent}(allowx {xperm.source} {target} {operation})")
    return lines


def _dontaudits(rules: tuple[DontauditRule, ...], indent: str) -> list[str]:
    lines = []
    for rule in rules:
        target = "self" if rule.target == rule.source else rule.target
        lines += [f"{indent}; {safe(line)}" for line in rule.reason.split("\n")]
        lines.append(f"{indent}(dontaudit {rule.source} {target} ({rule.tclass} ({' '.join(rule.perms)})))")
    return lines


def _transition(transition: TypeTransition, indent: str) -> list[str]:
    name = f' "{transition.name}"' if transition.name else ""
    statement = (
        f"(typetransition {transition.source} {transition.target} {transition.tclass}{name} {transition.default})"
    )
    return [f"{indent}; {safe(transition.reason)}", f"{indent}{statement}"]


def _optional(module: PolicyModule, block: OptionalBlock, sample: Sample) -> list[str]:
    name = "_with_".join((module.name, "_".join(block.modules or block.types)))
    if block.modules and (others := sorted(block.sources - {module.domain})):
        name = f"{name}_of_{'_'.join(others)}"
    transitions = [line for transition in block.transitions for line in _transition(transition, "    ")]
    rules = _rules(sample, block.rules, block.xperm_rules, "    ")
    return [f"(optional {name}", *transitions, *rules, *_dontaudits(block.dontaudit_rules, "    "), ")"]


def _filecon(entry: FileContext) -> str:
    # A pattern is made of plain paths and backslashes; CIL has no escapes in strings and takes them as they are.
    return f'(filecon "{entry.pattern}" {FILE_KINDS[entry.kind]} {_context(entry.context)})'


def _context(context: SecurityContext) -> str:
    level = context.range_ or "s0"
    return f"({context.user} {context.role} {context.type_} (({level}) ({level})))"
