# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy that a question is about: a compiled file as it is, or folders of modules linked with the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from policytool.errors import InputError, UsageError
from policytool.policy.compiled import CompiledPolicy
from policytool.toolchain.base import Base
from policytool.workflow.linked_policy import base_policy, linked_policy
from policytool.workflow.module_set import ModuleSet


@dataclass(frozen=True)
class OpenedPolicy:
    """POLICY under its NAME. `modules` are those that were linked into it, None for a compiled file or the base."""

    name: str
    policy: CompiledPolicy
    modules: ModuleSet | None = None

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains that the modules are about; none for a compiled file."""
        return self.modules.domains if self.modules else frozenset()

    @cached_property
    def processes(self) -> frozenset[str]:
        """All domains: what carries the attribute `domain`, which neverallow rules of refpolicy demand."""
        return self.policy.attributes.get("domain", frozenset())


def open_policy(path: Path | None, base: Base, booleans: Mapping[str, bool] | None = None) -> OpenedPolicy:
    """Open PATH: a compiled policy, or a folder of modules, which is linked with BASE; None is BASE alone.

    BOOLEANS have the values stated here instead of the stored ones. Raise InputError when it cannot be read or
    linked, or has no such boolean.
    """
    if path is None:
        return OpenedPolicy(f"{base.identity.name} base", base_policy(base, booleans))
    if path.is_file():
        return OpenedPolicy(str(path), CompiledPolicy(path, booleans))
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    modules = ModuleSet([path], base)
    return OpenedPolicy(str(path), linked_policy(modules.linked, booleans), modules)


def booleans_of(stated: Sequence[str]) -> Mapping[str, bool]:
    """Return what `NAME=on` and `NAME=off` say; as setsebool(8), 1, true, 0 and false are understood as well."""
    values = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
    found = {}
    for text in stated:
        name, _, value = text.partition("=")
        if not name or value not in values:
            raise UsageError(f"{text!r} does not state a boolean; write NAME=on or NAME=off")
        found[name] = values[value]
    return found
