# SPDX-License-Identifier: GPL-2.0-or-later
"""Candidates that load where a module of the base is disabled: what is about its types is optional."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from policytool.generate.candidate import Candidate
from policytool.generate.optional_modules import in_optional_blocks
from policytool.policy.spared_modules import module_names, spared_types
from policytool.toolchain.base import Base, base_cil
from policytool.toolchain.base_names import interface_modules
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.headers import headers_folder

_FILE = "types.json"
# Changes with what is kept, and how.
_LAYOUT = "1"


def types_of_spared(base: Base, cache: Cache | None = None) -> Mapping[str, str]:
    """Return the types of the modules of BASE that a host may do without, each with its module; kept in CACHE.

    Errors as of `base_cil`.
    """
    cache = cache or open_cache()
    folder = cache.fill("spared", digest(_LAYOUT, base.identity.sha256), partial(_find, base, cache))
    types: dict[str, str] = json.loads((folder / _FILE).read_text("utf-8"))
    return types


def _find(base: Base, cache: Cache, folder: Path) -> None:
    files = base_cil(base, cache=cache)
    names = {path.stem: module_names(path.read_text("utf-8", "surrogateescape")) for path in files}
    (folder / _FILE).write_text(json.dumps(spared_types(names)), "utf-8")


def without_spared(made: Sequence[Candidate], base: Base, like: Mapping[str, str]) -> tuple[Candidate, ...]:
    """Return MADE with optional blocks around what is about types of modules that a host may do without.

    A module stays needed if it declares the domain that a candidate extends, or the one that LIKE says it replaces.
    """
    types = types_of_spared(base)
    worded = any(candidate.form for candidate in made)
    macros = interface_modules(headers_folder()) if worded else {}

    def apart(candidate: Candidate) -> Candidate:
        domain = candidate.module.domain
        needed = {types[of] for of in (domain, like.get(domain, "")) if of in types}
        spared = {type_: module for type_, module in types.items() if module not in needed}
        module = in_optional_blocks(candidate.module, spared, {})
        form = candidate.form and replace(
            candidate.form, module=in_optional_blocks(candidate.form.module, spared, macros)
        )
        return replace(candidate, module=module, form=form)

    return tuple(map(apart, made))
