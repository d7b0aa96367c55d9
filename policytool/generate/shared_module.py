# SPDX-License-Identifier: GPL-2.0-or-later
"""The module that holds what several daemons need alike: an interface, and nothing that is loaded by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policytool.generate.shared_rules import SharedRules
from policytool.generate.writers.shared_interface import write_shared_interface
from policytool.model.module import PolicyModule


@dataclass(frozen=True, slots=True)
class SharedModule:
    """RULES, in the words of WORDED, a module that has them for one of the domains."""

    rules: SharedRules
    worded: PolicyModule
    version: str

    @property
    def name(self) -> str:
        """The name of the module."""
        return self.rules.name

    def files(self) -> Mapping[str, str]:
        """Return its files, name to text."""
        return {
            f"{self.name}.te": f"policy_module({self.name}, {self.version})\n\n# Only its interface is of use.\n",
            f"{self.name}.if": write_shared_interface(self.rules, self.worded),
            f"{self.name}.fc": "# There are no files of its own.\n",
        }
