# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool report`: one self-contained page about generated modules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policytool.cli.console import note, progress, write_files
from policytool.cli.inputs import BaseFolder

if TYPE_CHECKING:
    from policytool.toolchain.build import Build
    from policytool.workflow.compare import Comparison


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Generated modules.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page to write.")],
    base: BaseFolder = None,
) -> None:
    """Write one self-contained HTML page: surfaces, findings of the check, and every access with its cure."""
    from policytool.toolchain.base import find_base
    from policytool.toolchain.build import build
    from policytool.workflow.compare import UNCONFINED, compare_policies

    found = find_base(base)
    with progress("linking, and expanding the rules"):
        built = build([folder], found)
        compared = compare_policies([folder], found, UNCONFINED) if built.linked else None
    write_files(output.parent, {output.name: page(built, compared)})
    note(f"wrote {output}")


def page(built: Build, compared: Comparison | None) -> str:
    """Return the page about modules that were BUILT and, if they linked, COMPARED."""
    from policytool.report.document import check_document, compare_document
    from policytool.report.html import write_html
    from policytool.workflow.linked_modules import evidence_files

    names = [source.name for source in built.sources]
    formats = [str(one.format) for one in built.formats]
    checked = check_document(names, formats, built.findings, built.base.identity)
    surfaces = compare_document(compared.rows, compared.changes, compared.baseline) if compared else None
    return write_html(checked, surfaces, evidence_files(built.sources))
