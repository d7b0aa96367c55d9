# SPDX-License-Identifier: GPL-2.0-or-later
"""Writer of file contexts in refpolicy's form, the .fc file of a module."""

from __future__ import annotations

from policytool.generate.writers.m4_words import macro_words
from policytool.model.module import PolicyModule


def write_fc(module: PolicyModule) -> str:
    """Return the .fc text of MODULE; a lone comment when it labels nothing."""
    if not module.file_contexts:
        return f"# {module.name} labels no files of its own.\n"
    # In quotes of m4 where a part of a path may have the name of a macro (libvirt has a folder `interface`).
    lines = []
    for entry in module.file_contexts:
        context = entry.context
        label = f"{context.user}:{context.role}:{context.type_}"
        mark = f"\t{entry.kind.value}" if entry.kind.value else ""
        pattern = f"`{entry.pattern}'" if macro_words(entry.pattern) else entry.pattern
        lines.append(f"{pattern}{mark}\tgen_context({label},{context.range_ or 's0'})")
    return "\n".join(lines) + "\n"
