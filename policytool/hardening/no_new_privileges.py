# SPDX-License-Identifier: GPL-2.0-or-later
"""NoNewPrivileges= and SELinux: a process with it changes its domain only where the policy says so twice.

Under no_new_privs the kernel lets an execve change the domain if the new type is bounded by the old one, or if the
policy allows `process2 nnp_transition` and has the capability nnp_nosuid_transition (check_nnp_nosuid in
security/selinux/hooks.c). Else a change by type_transition does not happen, silently, and one by setexec fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from policytool.hardening.settings import Setting
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType

_KEY = "NoNewPrivileges"


def no_new_privileges(entries: Sequence[tuple[str, str]], policy: CompiledPolicy, incomplete: str = "") -> Setting:
    """Decide by POLICY for ENTRIES: changes of domain as (source, target), that into the daemon's among them."""
    without = [entry for entry in entries if not _may_change(policy, *entry)]
    if not without:
        listed = ", ".join(f"{source} to {target}" for source, target in entries)
        because = (
            f"the policy lets every change of domain happen under it: {listed}"
            if entries
            else "no change of domain was seen",
        )
        # A set-user-id program keeps the rights of whoever runs it; SELinux does not see the bit.
        return Setting(_KEY, "yes", (*because, "set-user-id programs give no rights any more"), incomplete)
    rules = [f"allow {source} {target}:process2 nnp_transition;" for source, target in without]
    return Setting(
        _KEY,
        "yes",
        ("with these rules in the policy it could be set; without, programs stay in the wrong domain:", *rules),
        "the policy does not let these changes of domain happen under it: "
        + ", ".join(f"{source} to {target}" for source, target in without),
    )


def _may_change(policy: CompiledPolicy, source: str, target: str) -> bool:
    if policy.typebounds.get(target) == source:
        return True
    if "nnp_nosuid_transition" not in policy.statements.get("policycap", {}):
        return False
    rules = policy.rules({TeRuleType.ALLOW}, lambda _, __, tclass: tclass == "process2", "nnp_transition")
    return any(
        _names(policy, rule.source, source) and _names(policy, rule.target, target)
        for rule in rules
        if rule.enabled
    )


def _names(policy: CompiledPolicy, name: str, type_: str) -> bool:
    return type_ in policy.expand(name)
