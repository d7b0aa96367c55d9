# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool report`: one self-contained page about generated modules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import note, progress, write_files
from policytool.cli.inputs import BaseFolder

if TYPE_CHECKING:
    from policytool.workflow.compare import Comparison
    from policytool.workflow.module_set import ModuleSet


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Generated modules.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page to write.")],
    base: BaseFolder = None,
) -> None:
    """Write one self-contained HTML page: surface, reach, dangers, overlap in figures, and every access."""
    from policytool.toolchain.base import find_base
    from policytool.workflow.compare import UNCONFINED, compare_policies
    from policytool.workflow.module_set import ModuleSet

    found = find_base(base)
    with progress("linking, and expanding the rules"):
        modules = ModuleSet([folder], found)
        compared = compare_policies([modules], found, UNCONFINED) if modules.built.linked else None
    write_files(output.parent, {output.name: page(modules, compared)})
    note(f"wrote {output}")


def page(modules: ModuleSet, compared: Comparison | None) -> str:
    """Return the page about MODULES and, if they link, how they COMPARED."""
    from policytool.report.page.page_html import page_html
    from policytool.workflow.reported import page_facts

    return page_html(page_facts(modules, compared))
