# SPDX-License-Identifier: GPL-2.0-or-later
"""The policies that the machine boots with: one to record everything, one to enforce and hide nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.lab.image import Image
from policytool.model.daemon import Daemon
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.terule import TeRuleType
from policytool.recorder.recording_policy import MODULE, complete_cil, permissive_cil, skeletons_cil, with_helpers
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.link import Linked, LinkFailed, link
from policytool.traces.manifest import Recording
from policytool.workflow.modules import build_whole, declared_types

# What the lab adds for its own sake is in modules of these names, never in a daemon's.
PERMISSIVE_MODULE = "policytool_lab_permissive"
EXCEPTIONS_MODULE = "policytool_lab_exceptions"
EXCEPTIONS = Path(__file__).parent / "exceptions.cil"

# Enforced though no module is about them: who starts the daemons, and who talks to them.
NEIGHBOURS = frozenset({"init_t", "virsh_t"})


@dataclass(frozen=True, slots=True)
class LabPolicy:
    """A linked policy, the modules in it that are not the base's (name to CIL), and what each domain is to it.

    `recorded` are the domains that are recorded, those of helpers among them. `ours` are the types of the modules
    and the domains they are about, `entered` the domains that a process of ours may become, `enforced` all that
    enforce.
    """

    linked: Linked
    modules: Mapping[str, str]
    recorded: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    enforced: frozenset[str] = frozenset()


def image_base(image: Image) -> Base:
    """Return the base policy of the image, whose hash is that of the same packages on any machine."""
    return find_base(image.base)


def record_policy(
    base: Base, daemons: Sequence[Daemon], under: Sequence[Path], mode: Recording = Recording.COMPLETE
) -> LabPolicy:
    """Link the base, the modules in the folders UNDER, and a skeleton for each daemon that has no domain there.

    The domains of helpers that the daemons enter under those modules are recorded like the daemons' own: only so is
    it seen whether a helper's domain may do its work. MODE is complete, or permissive: then only what would be
    denied is logged, and dontaudit rules hide their part.

    InputError when a module has an error, or when a daemon is described by nothing but a type the base lacks.
    """
    modules: dict[str, str] = {}
    known = CompiledPolicy(_linked(base, {}).policy).types
    if under:
        built, linked = build_whole(under, base)
        modules = {one.source.name: one.cil for one in built.formats[0].modules}
        known = CompiledPolicy(linked.policy).types
    modules |= skeletons_cil(daemons, known, base.identity)
    plain = CompiledPolicy(_linked(base, modules).policy)
    domains = with_helpers({daemon.domain for daemon in daemons}, plain)
    complete = mode is Recording.COMPLETE
    modules[MODULE] = complete_cil(domains, plain) if complete else permissive_cil(domains)
    return LabPolicy(_linked(base, modules, dontaudit=not complete), modules, recorded=domains)


def enforce_policy(
    base: Base, folders: Sequence[Path], domains: Collection[str], *, neverallow: bool = True
) -> LabPolicy:
    """Link the base with the modules in FOLDERS so that they, init, virsh and all they enter enforce.

    DOMAINS are those the modules are about, the ones of the base that they extend included. Every other domain
    is permissive, and nothing is hidden by dontaudit. Without NEVERALLOW the base's neverallow rules are not
    checked, as semodule does not where its `expand-check` is 0, Debian's default.
    """
    built, linked = build_whole(folders, base, neverallow=neverallow)
    modules = {one.source.name: one.cil for one in built.formats[0].modules}
    policy = CompiledPolicy(linked.policy)
    ours = frozenset(domains) | declared_types(built, policy)
    everyone = policy.expand("domain")
    entered = _entered(policy, ours & everyone) - ours
    enforced = (ours & everyone) | entered | NEIGHBOURS
    modules[EXCEPTIONS_MODULE] = EXCEPTIONS.read_text("utf-8")
    modules[PERMISSIVE_MODULE] = permissive_cil(everyone - enforced)
    return LabPolicy(_linked(base, modules), modules, frozenset(), ours, entered, enforced)


def _entered(policy: CompiledPolicy, domains: frozenset[str]) -> frozenset[str]:
    """Return what processes of DOMAINS may become, and what those may become in turn."""
    edges: dict[str, set[str]] = {}
    for rule in policy.rules({TeRuleType.ALLOW}, lambda source, target, tclass: tclass == "process"):
        if "transition" in rule.perms and rule.enabled:
            targets = policy.expand(rule.target)
            for source in policy.expand(rule.source):
                edges.setdefault(source, set()).update(targets)
    # init may become anything; what a daemon of ours asks of it is not an entry.
    found: set[str] = set()
    waiting = set(domains)
    while waiting:
        new = edges.get(waiting.pop(), set()) - found - domains - NEIGHBOURS
        found |= new
        waiting |= new
    return frozenset(found)


def _linked(base: Base, modules: Mapping[str, str], *, dontaudit: bool = False) -> Linked:
    result = link(base, modules, neverallow=False, dontaudit=dontaudit)
    if isinstance(result, LinkFailed):
        raise ToolFailedError(f"the lab's policy does not link: {result.failures[0].message}")
    return result
