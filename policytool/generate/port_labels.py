# SPDX-License-Identifier: GPL-2.0-or-later
"""Port labels: a rule on the type of many ports opens them all, where a label opens the one that was seen."""

from __future__ import annotations

from policytool.model.access import AccessVector
from policytool.model.cure import Cure
from policytool.model.ports import PORT_WORDS, port_number
from policytool.model.proposal import Proposal
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

# A type of more ports than this belongs to no service.
_MANY = 100
# How many ports are named.
_NAMED = 4


def port_label(vector: AccessVector, policy: CompiledPolicy) -> Proposal | None:
    """Return the label for the ports of VECTOR by which rules that POLICY has, or a type of the domain's, serve."""
    source, target, tclass, perm = vector.key
    if perm not in PORT_WORDS or not tclass.endswith("_socket"):
        return None
    numbers = sorted({number for use, _ in vector.evidence.uses if (number := port_number(use.path)) is not None})
    if not numbers:
        return None
    protocol = tclass.removesuffix("_socket")
    ranges = [(low, high) for of, low, high in policy.ports.get(target, ()) if of == protocol]
    held = sum(high - low + 1 for low, high in ranges)
    own = _own_type(source, tclass, perm, policy)
    if own == target or (held <= _MANY and not own):
        return None
    # What the policy has for exactly this port is modified, and else something is added (semanage-port(8)).
    word = "-m" if (numbers[0], numbers[0]) in ranges else "-a"
    type_ = own or f"{source.removesuffix('_t')}_port_t"
    others = f", and so for {', '.join(map(str, numbers[1:_NAMED]))}" if len(numbers) > 1 else ""
    if len(numbers) > _NAMED:
        others += f" and {len(numbers) - _NAMED} more"
    return Proposal(
        Cure.LABEL,
        f"semanage port {word} -t {type_} -p {protocol} {numbers[0]}{others}:",
        f"{target} is {held} {protocol} ports" if held > _MANY else f"the base has rules of {source} on {own}",
        "" if own else f"the type {type_} with the attribute port_type, and the same rule on it",
        "" if held > _MANY else f"where the port is that of {target}'s service, the rule is right",
    )


def _own_type(source: str, tclass: str, perm: str, policy: CompiledPolicy) -> str:
    """Return the port type that is SOURCE's by rules and by name, "" if there is none."""
    # refpolicy calls the ports of httpd_t http_port_t, and those of mysqld_t mysqld_port_t.
    stem = source.removesuffix("_t").removesuffix("d")
    rules = policy.rules({TeRuleType.ALLOW}, lambda of, target, kind: of == source and kind == tclass, perm)
    types = {rule.target for rule in rules if rule.target in policy.ports and rule.target.startswith(stem)}
    return min(types, key=lambda type_: (len(type_), type_), default="")
