# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool package`: modules with what installs them, rolls them out in stages, and takes them away again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, emit_json, progress
from policytool.cli.inputs import BaseFolder, DaemonFolder, Json, load_known
from policytool.cli.verbs import VerbArgument, VerbOption
from policytool.errors import InputError
from policytool.model.printable import printable

if TYPE_CHECKING:
    from policytool.workflow.packaged import Package


def package(
    folders: Annotated[
        list[Path],
        VerbArgument(metavar="DIR...", help="Folders of modules (NAME.te or NAME.cil)."),
    ],
    output: Annotated[
        Path, VerbOption("-o", "--output", metavar="OUT", help="The folder to write; it is replaced.")
    ],
    name: Annotated[str, VerbOption(metavar="NAME", help="Name of the package (default: that of OUT).")] = "",
    version: Annotated[
        str,
        VerbOption("--package-version", metavar="V", help="Default: the highest of the modules."),
    ] = "",
    maintainer: Annotated[str, VerbOption(metavar="WHO", help="'NAME <MAIL>' of whoever builds it.")] = "",
    priority: Annotated[int, VerbOption(metavar="N", help="Of the modules in the store.")] = 200,
    daemon_folder: DaemonFolder = None,
    base: BaseFolder = None,
    as_json: Json = False,
) -> None:
    """Compile and link modules; write them with scripts (install, uninstall, stages), debian/ and a spec."""
    from policytool.toolchain.base import find_base
    from policytool.workflow.module_set import ModuleSet
    from policytool.workflow.packaged import packaged

    modules = ModuleSet(folders, find_base(base))
    known = load_known(daemon_folder)
    with progress("compiling, linking with the base, and packing"):
        made = packaged(modules, known, name or output.resolve().name, version, maintainer, priority)
    _write(made, output)
    emit_json(document(made)) if as_json else emit(summary(made, output))


def _write(made: Package, output: Path) -> None:
    """Write the files of MADE into the folder OUTPUT, all or none; only a package is replaced."""
    from policytool.traces.bundle.write import aside

    try:
        with aside(output, overwrite=(output / "modules.list").exists()) as folder:
            for name, (content, is_program) in made.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(0o755 if is_program else 0o644)
    except OSError as error:
        raise InputError(f"{error.filename or output}: cannot write: {error.strerror}") from error


def document(made: Package) -> dict[str, object]:
    """Return what is in the package, as JSON has it."""
    of = made.description
    return {
        "format": 1,
        "verb": "package",
        "name": of.name,
        "version": of.version,
        "priority": of.priority,
        "base": of.base,
        "modules": list(of.modules),
        "permissive": list(of.domains),
        "units": list(of.units),
        "relabel": [printable(path) for path in of.paths],
        "files": [printable(name) for name in made.files],
    }


def summary(made: Package, output: Path) -> str:
    """Return what is in the package, and how it is used."""
    of = made.description
    lines = [
        f"{of.name} {of.version}: {len(of.modules)} modules at priority {of.priority}, {len(of.paths)} paths to "
        f"relabel, {len(of.units)} units to restart",
        f"try it: {output}/rollout permissive, watch, enforce; back: {output}/rollout rollback",
        f"build it: dpkg-buildpackage -us -uc -b in {output}, or rpmbuild with {output}/{of.name}.spec",
    ]
    return "".join(f"{printable(line, 0)}\n" for line in lines)
