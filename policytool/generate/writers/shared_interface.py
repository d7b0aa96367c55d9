# SPDX-License-Identifier: GPL-2.0-or-later
"""Writer of the interface that holds what several daemons need alike."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from policytool.generate.shared_rules import CALLER, SharedRules
from policytool.generate.writers.calls import written_order
from policytool.generate.writers.te import style_key
from policytool.model.module import PolicyModule
from policytool.model.rules import AllowRule

_WIDTH = 100


def write_shared_interface(rules: SharedRules, worded: PolicyModule) -> str:
    """Return the .if text of the interface of RULES, in the words of WORDED, which has them for one domain."""
    count = sum(len(rule.perms) for rule in rules.rules)
    who = wrap(
        f"Each of {', '.join(rules.domains)} was seen doing all of this ({count} permissions). "
        "The evidence is beside their modules.",
        _WIDTH,
    )
    return "\n".join(
        [
            f"## <summary>What the domains that call {rules.interface} need alike.</summary>",
            "",
            "#" * 40,
            "## <summary>",
            "##\tAllow a domain what several daemons were each seen doing.",
            "## </summary>",
            "## <desc>",
            "##\t<p>",
            *(f"##\t{line}" for line in who),
            "##\t</p>",
            "## </desc>",
            '## <param name="domain">',
            "##\t<summary>",
            "##\tDomain allowed access.",
            "##\t</summary>",
            "## </param>",
            "#",
            f"interface(`{rules.interface}',`",
            "\tgen_require(`",
            *(f"\t\t{line}" for line in _required(worded)),
            "\t')",
            "",
            *(f"\t{line}" for line in _statements(worded)),
            "')",
            "",
        ]
    )


def _required(worded: PolicyModule) -> Iterator[str]:
    types = {rule.target for rule in worded.rules}.union(*(call.types for call in worded.calls))
    for type_ in sorted(types - {worded.domain}, key=style_key):
        # There is no interface that grants this and nothing else.
        yield f"type {type_}; #selint-disable:W-011"
    classes: dict[str, set[str]] = {}
    for rule in worded.rules:
        classes.setdefault(rule.tclass, set()).update(rule.perms)
    for tclass, perms in sorted(classes.items()):
        yield f"class {tclass} {_set(sorted(perms))};"


def _statements(worded: PolicyModule) -> Iterator[str]:
    sets = {(of.tclass, of.perms): of.name for of in worded.named_perms}

    def allow(rule: AllowRule) -> str:
        target = "self" if rule.target == worded.domain else rule.target
        perms = sets.get((rule.tclass, rule.perms)) or _set(rule.perms)
        return f"allow {CALLER} {target}:{rule.tclass} {perms};"

    yield from (allow(rule) for rule in worded.rules if rule.target == worded.domain)
    for call in written_order(worded.calls, ()):
        arguments = (CALLER if argument == worded.domain else argument for argument in call.arguments)
        yield f"{call.macro}({', '.join(arguments)})"
    yield from (allow(rule) for rule in worded.rules if rule.target != worded.domain)


def _set(words: tuple[str, ...] | list[str]) -> str:
    return words[0] if len(words) == 1 else f"{{ {' '.join(words)} }}"
