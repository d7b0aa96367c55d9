# SPDX-License-Identifier: GPL-2.0-or-later
"""A candidate: the module made for one daemon, and what each of its accesses came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytool.generate.kept_out import KeptOut
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.evidence import FILE_NAME, write_evidence
from policytool.generate.writers.fc import write_fc
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.te import write_te
from policytool.model.access import AccessKey
from policytool.model.daemon import Daemon
from policytool.model.module import PolicyModule
from policytool.model.profile import ModuleFormat
from policytool.model.program import Attribution

if TYPE_CHECKING:
    # Their profiles need numpy, and most verbs need neither.
    from policytool.generate.interface_form import InterfaceForm
    from policytool.generate.likely import Likely
    from policytool.generate.robust import PassedOver


@dataclass(frozen=True, slots=True)
class Candidate:
    """The module of one daemon, each of its accesses with its cure, and what came of it beside the rules.

    `attribution` says whose the programs in its domain are, `reach` whom its private types keep out, `closed` what
    profile `robust` added unseen, the likeliest first, `passed_over` what was likely as well. `form` is what
    refpolicy source says in profile `interfaces`.
    """

    daemon: Daemon
    module: PolicyModule
    triaged: tuple[Triaged, ...]
    attribution: Attribution | None = None
    reach: tuple[KeptOut, ...] = ()
    closed: tuple[Likely, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    form: InterfaceForm | None = None

    def cured(self, cure: Cure) -> frozenset[AccessKey]:
        """Return the accesses with CURE by (source type, target type, class, permission)."""
        return frozenset(access.vector.key for access in self.triaged if access.cure is cure)

    @property
    def only_cil(self) -> bool:
        """Whether refpolicy source cannot hold the module: a name with a dot is of a CIL block.

        To checkmodule the part before the last dot is a type that bounds the other one.
        """
        names = {self.module.domain}
        names |= {name for rule in self.module.every_rule for name in (rule.source, rule.target)}
        names |= {name for rule in self.module.every_dontaudit for name in (rule.source, rule.target)}
        return any("." in name for name in names)

    def files(self, language: ModuleFormat) -> Mapping[str, str]:
        """Return the files of the module, name to text; in CIL alone where refpolicy source cannot hold it."""
        name = self.module.name
        if self.only_cil:
            language = ModuleFormat.CIL
        files = {FILE_NAME: write_evidence(self.module, self.triaged, self.reach)}
        if language is not ModuleFormat.CIL:
            files[f"{name}.te"] = write_te(self.form.module if self.form else self.module)
            files[f"{name}.if"] = write_interfaces(self.module)
            files[f"{name}.fc"] = write_fc(self.module)
        if language is not ModuleFormat.REFPOLICY:
            files[f"{name}.cil"] = write_cil(self.module)
        return files
