# SPDX-License-Identifier: GPL-2.0-or-later
"""The policies that the machine boots with: one to record everything, one to enforce and hide nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from policytool.errors import ToolFailedError
from policytool.lab.entered import one_step_further, seen_entered
from policytool.lab.image import Image
from policytool.model.access import AccessKey
from policytool.model.daemon import Daemon
from policytool.policy.cil_rules import read_cil, without_permissions
from policytool.recorder.recording_policy import MODULE, complete_cil, permissive_cil, skeletons_cil, with_helpers
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.link import Linked, link_or_fail
from policytool.traces.bundle.manifest import Recording
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.module_set import ModuleSet

# What the lab adds for its own sake is in modules of these names, never in a daemon's.
PERMISSIVE_MODULE = "policytool_lab_permissive"
EXCEPTIONS_MODULE = "policytool_lab_exceptions"
EXCEPTIONS = Path(__file__).parent / "exceptions.cil"

# Enforced though no module is about them: who starts the daemons, and who talks to them.
NEIGHBOURS = frozenset({"init_t", "virsh_t"})

# What runs the scenarios. Though helpers might enter it, what the scenarios' own tools do there is not tested.
RUNNER = "initrc_t"


@dataclass(frozen=True, slots=True)
class LabPolicy:
    """A linked policy, the modules in it that are not the base's (name to CIL), and what each domain is to it.

    `recorded` are the domains that are recorded, those of helpers among them. `ours` are the types of the modules
    and the domains they are about, `entered` the domains that a process of ours was seen to become, `further` those
    that a process of ours or of `entered` may become in one more step, `enforced` all that enforce.
    """

    linked: Linked
    modules: Mapping[str, str]
    recorded: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    further: frozenset[str] = frozenset()
    enforced: frozenset[str] = frozenset()

    @property
    def counted(self) -> frozenset[str]:
        """The types whose denials count, on either side."""
        return self.ours | self.entered | self.further


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
    if under:
        installed = ModuleSet(under, base)
        modules = dict(installed.texts)
        known = installed.policy.types
    else:
        known = linked_policy(_linked(base, {})).types
    modules |= skeletons_cil(daemons, known, base.identity)
    plain = linked_policy(_linked(base, modules))
    domains = with_helpers({daemon.domain for daemon in daemons}, plain)
    complete = mode is Recording.COMPLETE
    modules[MODULE] = complete_cil(domains, plain) if complete else permissive_cil(domains)
    return LabPolicy(_linked(base, modules, dontaudit=not complete), modules, recorded=domains)


def enforce_policy(base: Base, folders: Sequence[Path], *, neverallow: bool = True) -> LabPolicy:
    """Link the base with the modules in FOLDERS so that they, init, virsh and all they were seen to enter enforce.

    The evidence beside the modules tells the domains they are about, the ones of the base that they extend
    included, and the domains that were entered from those. What these may enter in one step enforces too. Every
    other domain is permissive, and nothing is hidden by dontaudit. Without NEVERALLOW the base's neverallow rules
    are not checked, as semodule does not where its `expand-check` is 0, Debian's default.
    """
    installed = ModuleSet(folders, base, neverallow=neverallow)
    policy = installed.policy
    modules = dict(installed.texts)
    everyone = policy.expand("domain")
    ours = installed.about
    # init may become anything; what a daemon of ours asks of it is not an entry.
    entered = (seen_entered(installed.evidence, ours) & everyone) - NEIGHBOURS
    further = one_step_further(policy, (ours & everyone) | entered) - ours - NEIGHBOURS - {RUNNER}
    enforced = (ours & everyone) | entered | further | NEIGHBOURS
    modules[EXCEPTIONS_MODULE] = EXCEPTIONS.read_text("utf-8")
    modules[PERMISSIVE_MODULE] = permissive_cil(everyone - enforced)
    return LabPolicy(_linked(base, modules), modules, frozenset(), ours, entered, further, enforced)


def without(base: Base, policy: LabPolicy, keys: Collection[AccessKey]) -> LabPolicy:
    """Return POLICY without the permissions KEYS in the rules of its modules; what enforces stays the same."""
    modules = {}
    for name, text in policy.modules.items():
        modules[name] = without_permissions(text, read_cil(name, text).rules, keys)
    return replace(policy, linked=_linked(base, modules), modules=modules)


def _linked(base: Base, modules: Mapping[str, str], *, dontaudit: bool = False) -> Linked:
    return link_or_fail(base, modules, "the lab's policy does not link", ToolFailedError, dontaudit=dontaudit)
