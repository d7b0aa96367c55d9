# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run in the machine is about, as hashes: the modules as they are loaded, the scenarios as they are run.

A comment, the order of rules or a module's version changes nothing that the machine sees, and so no hash here; nor
does an optional block around rules whose types the base or the modules declare. A permission more or less does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from policytool.check.link_findings import declared_names
from policytool.lab.denials import expected_denials
from policytool.lab.entered import entries_seen
from policytool.lab.machine_policy import EXCEPTIONS
from policytool.policy.canonical_cil import canonical_statements
from policytool.toolchain.base import find_base
from policytool.toolchain.build import compile_each
from policytool.toolchain.cache import Cache, digest
from policytool.workflow.linked_policy import base_policy
from policytool.workflow.module_set import evidence_files


def loaded_modules(folders: Sequence[Path], cache: Cache | None = None) -> Mapping[str, str]:
    """Return a digest of each module in FOLDERS by its name: its statements, file contexts among them.

    With it, what a run takes from the evidence beside it: the domain it is about, which domains were seen entered,
    and which accesses are expected to be denied. InputError for a module that does not compile.
    """
    found = {}
    compiled = list(compile_each(folders, cache=cache))
    known = _known([cil for _, cil in compiled])
    for source, cil in compiled:
        files = evidence_files([source])
        about = {file.domain for file in files}
        entered = {" ".join(pair) for file in files for pair in entries_seen(file)}
        expected = {" ".join(key) for key in expected_denials(files)}
        parts = [
            canonical_statements(source.name, cil, known),
            *(sorted(part) for part in (about, entered, expected)),
        ]
        found[source.name] = digest(*(digest(*part) for part in parts))
    return found


def _known(texts: Sequence[str]) -> frozenset[str]:
    """Return the types, attributes and roles of the base and of TEXTS."""
    base = base_policy(find_base())
    return declared_names(texts).union(base.types, base.attributes, base.roles)


def scenario_files(batch: Mapping[str, Path]) -> str:
    """Return a digest of the files of BATCH, with their names in the machine, and of the lab's exceptions."""
    files = {**batch, EXCEPTIONS.name: EXCEPTIONS}
    return digest(*(part for name, path in sorted(files.items()) for part in (name, _sha256(path))))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
