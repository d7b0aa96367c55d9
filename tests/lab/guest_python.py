# SPDX-License-Identifier: GPL-2.0-or-later
"""policytool and what it imports, as a folder that the lab's machine can put on PYTHONPATH."""

from __future__ import annotations

import compileall
import importlib.metadata
import py_compile
import re
import shutil
from pathlib import Path

import policytool

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def required(name: str, found: set[str]) -> set[str]:
    """Add the distribution NAME and what it requires, as far as it is installed, to FOUND."""
    if name.lower() not in found:
        try:
            requirements = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            return found  # for another system or another Python
        found.add(name.lower())
        for requirement in requirements:
            match = _NAME.match(requirement)
            if match and "extra ==" not in requirement:
                required(match[0], found)
    return found


def copy_packages(folder: Path) -> Path:
    """Copy policytool and its requirements into FOLDER, and return it."""
    folder.mkdir()
    for name in sorted(required("policytool", set()) - {"policytool"}):
        for file in importlib.metadata.files(name) or ():
            if ".." not in file.parts and "tests" not in file.parts:
                copy = folder / str(file)
                copy.parent.mkdir(parents=True, exist_ok=True)
                source = Path(str(file.locate()))
                if source.is_file():
                    shutil.copyfile(source, copy)
    shutil.copytree(Path(policytool.__file__).parent, folder / "policytool")
    # Translated, the machine takes longer to compile them than to run them, each time: it cannot write there.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, workers=0, force=True, invalidation_mode=mode)
    return folder
