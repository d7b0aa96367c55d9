# SPDX-License-Identifier: GPL-2.0-or-later
"""A made-up file system with its kernel, that writes what audit would, and remembers what was really asked of what.

Nothing of policytool is used here. Every object has the type var_lib_t when the log is written; of each it is known
at which path it was made, and where it was moved to: its label under a new policy is that of one of these. A move
or a link that the log has no paths of is known by the inode alone: what was asked before may be of either path.
Inode numbers are given out again, the smallest first, but not to a name that had it: no log tells those apart.
/var/lib/other is another device with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from posixpath import basename, dirname

OLD = "var_lib_t"
OWN = "/var/lib/myapp"
CALLS = {"openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "fchmod": 91}
DEVICES = {"vda1": "fe:01", "vdb1": "fe:11"}


@dataclass(eq=False)
class Node:
    """An object; `paths` are those that it had: several once it was moved or linked."""

    dev: str
    inode: int
    tclass: str
    paths: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Asked:
    """What was really asked: a permission of an object of a class, with the paths that the log may mean."""

    node: Node
    paths: set[str]
    tclass: str
    perm: str


class FileSystem:
    """The machine. CHANCE decides, at each place where logs differ, whether something is written."""

    def __init__(self, chance: Callable[[], bool]) -> None:
        self._chance = chance
        self.lines: list[str] = []
        self.asked: list[Asked] = []
        self.nodes: dict[str, Node] = {}
        self._serial = 100
        self._had: set[tuple[str, int, str]] = set()
        # Whether each event has its PATH records, whatever chance says.
        self.write_items = False
        for path in ("/var", "/var/lib", OWN, "/var/lib/other"):
            self._put(path, "dir")
        for path in (f"{OWN}/lib", "/var/lib/other/lib", "/var/lib/other/myapp"):
            self._put(path, "dir")
        for path in (f"{OWN}/data", "/var/lib/data", "/var/lib/other/data"):
            self._put(path, "file")

    def _put(self, path: str, tclass: str, node: Node | None = None) -> Node:
        dev = "vdb1" if path.startswith("/var/lib/other") else "vda1"
        if node is None:
            used = {(node.dev, node.inode) for node in self.nodes.values()}
            used |= {(had, inode) for had, inode, name in self._had if name == basename(path)}
            node = Node(dev, next(n for n in range(2, 99) if (dev, n) not in used), tclass)
        node.paths.add(path)
        self._had.add((node.dev, node.inode, basename(path)))
        self.nodes[path] = node
        return node

    # -- calls ---------------------------------------------------------------------------------------------------

    def folders(self) -> list[str]:
        """Return the folders that things can be made in."""
        return sorted(path for path, node in self.nodes.items() if node.tclass == "dir" and path != "/var")

    def files(self) -> list[str]:
        """Return all files."""
        return sorted(path for path, node in self.nodes.items() if node.tclass == "file")

    def use(self, path: str) -> None:
        """Read a file."""
        event = _Event(self, path)
        event.walk(path)
        event.ask(path, ("read",), named=True)
        event.ask(path, ("open",), named=False)
        event.item(path, "NORMAL")
        event.write()

    def use_descriptor(self, path: str) -> None:
        """Change a file by a descriptor: no path is walked."""
        event = _Event(self, "", "fchmod")
        event.ask(path, ("setattr",), named=True)
        event.write()

    def walk(self, path: str) -> None:
        """Look for something that is not there."""
        event = _Event(self, "")
        event.walk(f"{path}/missing")
        event.write()

    def make(self, path: str, tclass: str) -> None:
        """Make a new file or folder."""
        if path in self.nodes:
            return
        event = _Event(self, path, "mkdirat" if tclass == "dir" else "openat")
        event.walk(path)
        event.ask(dirname(path), ("write",), named=True)
        event.ask_entry(path, "add_name", there=False)
        self._put(path, tclass)
        event.ask_new(path)
        event.ask(path, ("write", "open"), named=False)
        event.item(dirname(path), "PARENT")
        event.item(path, "CREATE")
        event.write()

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder."""
        if any(other.startswith(f"{path}/") for other in self.nodes) or path in (OWN, "/var/lib/other"):
            return
        event = _Event(self, path, "unlinkat")
        event.walk(path)
        event.ask(dirname(path), ("write",), named=True)
        event.ask_entry(path, "remove_name", there=True)
        event.ask(path, ("rmdir" if self.nodes[path].tclass == "dir" else "unlink",), named=True)
        event.item(dirname(path), "PARENT")
        event.item(path, "DELETE")
        event.write()
        del self.nodes[path]

    def move(self, path: str, new: str, keep: bool) -> None:
        """Rename a file, or link it if it is to KEEP its name."""
        if new in self.nodes or self.nodes[path].dev != self.nodes[dirname(new)].dev:
            return
        event = _Event(self, path, "linkat" if keep else "renameat")
        event.walk(path)
        node = self.nodes[path]
        event.ask(dirname(new), ("write",), named=True)
        if not keep:
            event.ask(dirname(path), ("write",), named=True)
            event.ask_entry(path, "remove_name", there=True)
        event.ask_entry(new, "add_name", there=False)
        event.ask(path, ("link" if keep else "rename",), named=True)
        event.item(dirname(path), "PARENT")
        event.item(dirname(new), "PARENT")
        event.item(path, "NORMAL" if keep else "DELETE")
        self._put(new, node.tclass, node)
        event.item(new, "CREATE")
        if not event.write():
            for asked in self.asked:
                if asked.node is node:
                    asked.paths.add(new)
        if not keep:
            del self.nodes[path]


class _Event:
    """One system call, and what is written of it."""

    def __init__(self, system: FileSystem, path: str, call: str = "openat") -> None:
        self._system = system
        self._call = call
        self._chance = system._chance
        self._avcs: list[str] = []
        self._items: list[str] = []
        self._cwd = dirname(path) if path and self._chance() else ""

    def _avc(self, perms: tuple[str, ...], about: str, node: Node, tclass: str) -> None:
        if self._chance():
            return
        self._avcs.append(
            f'avc:  granted  {{ {" ".join(perms)} }} for  pid=8 comm="myappd" {about}'
            f"scontext=system_u:system_r:myappd_t:s0 tcontext=system_u:object_r:{OLD}:s0 tclass={tclass}"
        )
        self._system.asked += [Asked(node, set(node.paths), tclass, perm) for perm in perms]

    def ask(self, path: str, perms: tuple[str, ...], *, named: bool) -> None:
        node = self._system.nodes[path]
        word = f'name="{basename(path)}"' if named else f'path="{path}"'
        self._avc(perms, f'{word} dev="{node.dev}" ino={node.inode} ', node, node.tclass)

    def ask_new(self, path: str) -> None:
        node = self._system.nodes[path]
        self._avc(("create",), f'name="{basename(path)}" ', node, node.tclass)

    def ask_entry(self, path: str, perm: str, *, there: bool) -> None:
        folder = self._system.nodes[dirname(path)]
        entry = self._system.nodes[path] if there else None
        about = f'dev="{entry.dev}" ino={entry.inode} ' if entry else ""
        perms = (perm, "search") if self._chance() else (perm,)
        self._avc(perms, f'name="{basename(path)}" {about}', folder, "dir")

    def walk(self, path: str) -> None:
        for folder in _above(path):
            self.ask(folder, ("search",), named=True)

    def item(self, path: str, nametype: str) -> None:
        node = self._system.nodes[path]
        name = path
        if self._cwd and path.startswith(f"{self._cwd}/"):
            name = path.removeprefix(f"{self._cwd}/")
        mode = "040755" if node.tclass == "dir" else "0100600"
        slash = "/" if nametype == "PARENT" else ""
        self._items.append(
            f'PATH|item={len(self._items)} name="{name}{slash}" inode={node.inode} dev={DEVICES[node.dev]} '
            f"mode={mode} ouid=0 ogid=0 rdev=00:00 obj=system_u:object_r:{OLD}:s0 nametype={nametype} cap_fp=0"
        )

    def write(self) -> bool:
        """Write the event if it has a decision. Return whether its paths are written, too."""
        if not self._avcs:
            return False
        self._system._serial += 1
        stamp = f"17000{self._system._serial:05}.100:{self._system._serial}"
        records = [f"AVC|{avc}" for avc in self._avcs]
        # A folder that is no current one: the numbers of the call say so.
        first = "ffffff9c" if not self._cwd or self._chance() else "7"
        records.append(
            f"SYSCALL|arch=c000003e syscall={CALLS[self._call]} success=yes exit=3 a0={first} a1=0 a2={first} a3=0 "
            "items=2 ppid=1 pid=8 "
            "auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 "
            'comm="myappd" exe="/opt/myappd" key=(null)'
        )
        with_items = self._system.write_items or self._chance()
        if with_items:
            cwd = self._cwd if first != "7" else "/srv"
            records += [f'CWD|cwd="{cwd or "/"}"', *self._items]
        records.append("PROCTITLE|proctitle=61")
        for record in records:
            kind, _, body = record.partition("|")
            self._system.lines.append(f"type={kind} msg=audit({stamp}): {body}")
        return with_items


def _above(path: str) -> Iterator[str]:
    while (path := dirname(path)) != "/":
        yield path
