# SPDX-License-Identifier: GPL-2.0-or-later
"""The policy of a recording: what is permitted anyway, permitted to the recorded domains, and all of it audited."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from policytool.errors import InputError, ToolFailedError
from policytool.generate.skeleton import skeleton
from policytool.generate.writers.cil import write_cil
from policytool.graph.permission_graph import build
from policytool.model.daemon import Daemon
from policytool.model.module import BasePolicy
from policytool.model.observation import Observations
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.entries import entered_domains, entries
from policytool.policy.terule import TeRuleType
from policytool.recorder.selinux_host import HostPolicy
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.run import run

# The one module that a recording adds; a host has it in its running policy only, never in its store.
MODULE = "policytool_record"

# Above that of any module that an administrator installs by hand (400).
_PRIORITY = "999"
_SELINUX = Path("/etc/selinux")


def complete_cil(domains: Collection[str], policy: CompiledPolicy) -> str:
    """Return CIL that lets DOMAINS do everything and audits all of it, in both directions, added to POLICY.

    No allow is in it: permissive domains with auditallow log granted accesses too, and break no neverallow rule.
    A permissive domain alone does not show what another check has put into the access vector cache before
    (`avc_denied` and `avc_update_node`, security/selinux/avc.c): `sys_admin` of every daemon is lost that way.
    """
    lines = [
        "(typeattribute policytool_every)",
        "(typeattributeset policytool_every (all))",
        "(typeattribute policytool_recorded)",
        f"(typeattributeset policytool_recorded ({' '.join(sorted(domains))}))",
    ]
    for tclass in sorted(policy.classes):
        lines.append(f"(auditallow policytool_recorded policytool_every ({tclass} (all)))")
        lines.append(f"(auditallow policytool_every policytool_recorded ({tclass} (all)))")
    lines += [
        f"(auditallowx {source} {target} ({perm} {tclass} (range 0x0000 0xffff)))"
        for source, target, tclass, perm in sorted(_narrowed(frozenset(domains), policy))
    ]
    return permissive_cil(domains) + "\n".join(lines) + "\n"


def _narrowed(domains: frozenset[str], policy: CompiledPolicy) -> set[tuple[str, str, str, str]]:
    """Return what an allowxperm of POLICY narrows for DOMAINS: there auditallow alone audits no granted command.

    (avc_xperms_audit_required, security/selinux/avc.c.) An auditallowxperm elsewhere would forbid the commands.
    """
    found = set()
    for rule in policy.rules({TeRuleType.ALLOWXPERM}):
        sources, targets = policy.expand(rule.source), policy.expand(rule.target)
        for source in sources:
            reached = targets if source in domains else targets & domains
            found |= {(source, target, rule.tclass, rule.perm) for target in reached}
    return found


def with_helpers(domains: Collection[str], policy: CompiledPolicy) -> frozenset[str]:
    """Return DOMAINS and the domains of helpers that they enter, directly or not, by running a program."""
    return frozenset(domains) | entered_domains(policy, domains, entries(policy))


def reachable_cil(types: Collection[str], classes: Iterable[str]) -> str:
    """Return CIL that lets every domain reach TYPES, those of new domains: no rule of an enforcing host does.

    Without it init could not even start the daemon: the daemon's domain is permissive, and init's is not.
    """
    return "".join(
        f"(allow domain {type_} ({tclass} (all)))\n" for type_ in sorted(types) for tclass in sorted(classes)
    )


def permissive_cil(domains: Iterable[str]) -> str:
    """Return CIL that makes DOMAINS permissive."""
    return "".join(f"(typepermissive {domain})\n" for domain in sorted(domains))


def skeletons_cil(daemons: Sequence[Daemon], known: Collection[str], base: BasePolicy) -> dict[str, str]:
    """Return the skeleton, as `generate` would make it, of each of DAEMONS whose domain is not a KNOWN type.

    InputError when nothing is known of such a daemon but the name of its domain.
    """
    nothing = build(Observations())
    found = {}
    for daemon in daemons:
        if daemon.domain in known:
            continue
        if not daemon.executables:
            raise InputError(f"the policy has no domain {daemon.domain}, and no known daemon either; see --daemons")
        module = skeleton(daemon, nothing, base, extends=False, base_types=known)
        found[module.name] = write_cil(module)
    return found


def compile_in_copy(policy: HostPolicy, cil: str, work: Path, cache: Cache | None = None) -> bytes:
    """Return the host's policy with CIL added and without dontaudit rules, compiled in a copy of its store in WORK.

    The store itself is read only: all that the administrator has put into it (modules, ports, users, booleans)
    is in the result, and nothing has to be taken out of it again. Kept in the CACHE by the hash of both.
    """
    files = sorted(path for path in (policy.store / "active").rglob("*") if path.is_file())
    parts = [part for path in files for part in (str(path), path.read_bytes())]
    key = digest("recording policy", cil, *parts)

    def make(folder: Path) -> None:
        root = work / "root"
        root.mkdir()
        # With all labels, those of parent folders too, and the module among them: semodule runs in a domain of its
        # own (semanage_t), which may not read just any file.
        sources = (path.relative_to("/") for path in (policy.store, _SELINUX))
        run(["cp", "-a", "--parents", *sources, root], cwd=Path("/"))
        module = root / policy.store.parent.relative_to("/") / f"{MODULE}.cil"
        module.write_text(cil, "utf-8")
        # The rules that a recording adds are for its time only, and not the base's neverallow rules' business.
        with (root / "etc/selinux/semanage.conf").open("a") as settings:
            settings.write("\nexpand-check = 0\n")
        run(["semodule", "-s", policy.name, "-p", root, "-n", "-D", "-X", _PRIORITY, "-i", module])
        made = root / policy.file.relative_to("/")
        if not made.is_file():
            raise ToolFailedError(f"semodule wrote no {made.name} for the recording")
        shutil.copyfile(made, folder / "policy")
        shutil.rmtree(root)

    return (((cache or open_cache()).fill("recording-policy", key, make)) / "policy").read_bytes()
