# SPDX-License-Identifier: GPL-2.0-or-later
"""The folders that ReadWritePaths= names: what was written, as wide as a daemon's own folder and no wider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# ProtectSystem=strict leaves these as they are (systemd.exec(5)).
_LEFT_ALONE = ("/dev", "/proc", "/sys")
# hier(7): below these each program has a folder of its own.
_SHARED = ("/var/lib", "/var/log", "/var/cache", "/var/spool", "/run", "/var/run", "/etc", "/srv", "/opt", "/mnt")


def writable_folders(written: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the folders to name, each with those of WRITTEN that are in it.

    A folder below one that programs share stands for all below it: the next run makes other subfolders there.
    A folder in another one that is named is not named.
    """
    folders = sorted({folder for folder in written if not _inside(folder, _LEFT_ALONE)})
    named = {folder: _own(folder) for folder in folders}
    widest = {
        name
        for name in named.values()
        if not any(_inside(name, [other]) and name != other for other in named.values())
    }
    found: dict[str, list[str]] = {}
    for folder, name in named.items():
        top = next((other for other in sorted(widest) if _inside(name, [other])), name)
        found.setdefault(top, []).append(folder)
    return {name: tuple(inside) for name, inside in sorted(found.items())}


def _own(folder: str) -> str:
    for shared in _SHARED:
        if folder.startswith(f"{shared}/"):
            return f"{shared}/{folder.removeprefix(f'{shared}/').partition('/')[0]}"
    return folder


def _inside(folder: str, roots: Iterable[str]) -> bool:
    return any(folder == root or folder.startswith(f"{root.rstrip('/')}/") for root in roots)
