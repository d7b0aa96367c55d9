# SPDX-License-Identifier: GPL-2.0-or-later
"""File contexts as a table, written by hand for the tests: each folder's type goes for all that is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from policytool.model.module import FileKind

# Modelled on how refpolicy labels a family of daemons; the names are made up.
TABLE = {
    "/run": "var_run_t",
    "/run/family": "family_runtime_t",
    "/run/family/common": "family_common_runtime_t",
    "/run/family/guests": "guest_runtime_t",
    "/etc": "etc_t",
    "/etc/family": "family_etc_t",
    "/var/lib": "var_lib_t",
    "/var/lib/family": "family_var_lib_t",
    "/var/lib/family/images": "family_image_t",
    "/var/lib/family/work": "family_work_t",
    "/tmp": "tmp_t",  # noqa: S108 -- a name in a table
}
# As in refpolicy, what is made there gets its label from a transition or not at all.
UNSPOKEN = ("/run", "/tmp")  # noqa: S108


class TableLabels:
    def __init__(self, table: Mapping[str, str] | None = None) -> None:
        self._table = TABLE if table is None else table
        self.asked: list[tuple[str, FileKind]] = []

    @property
    def patterns(self) -> frozenset[str]:
        return frozenset(f"{path}(/.*)?" for path in self._table)

    def types(self, paths: Iterable[str], kind: FileKind) -> Mapping[str, str]:
        wanted = sorted(set(paths))
        self.asked += [(path, kind) for path in wanted]
        return {path: self._type(path) for path in wanted}

    def below(self, path: str) -> frozenset[str]:
        return frozenset(type_ for of, type_ in self._table.items() if of.startswith(f"{path}/"))

    def canonical(self, path: str) -> str:
        return path.removeprefix("/var") if path.startswith("/var/run/") else path

    def _type(self, path: str) -> str:
        folder = max((of for of in self._table if path == of or path.startswith(f"{of}/")), key=len, default="")
        return "" if folder in UNSPOKEN and path != folder else self._table.get(folder, "default_t")
