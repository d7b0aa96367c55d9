# SPDX-License-Identifier: GPL-2.0-or-later
"""S, the half of a module that is not rules: types, attributes, role, entry through the init system, labels.

It is spelled out instead of calling init_daemon_domain(): that macro of refpolicy brings some 550 permissions for
whatever a daemon might do, and everything that init and the daemon really do to each other is in a complete
recording. What remains is what the language itself demands: the attributes without which the base's neverallow
rules forbid a process type or an entry point, the role, and the transition at exec.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from policytool.graph.permission_graph import PermissionGraph
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.module import (
    BasePolicy,
    FileContext,
    FileKind,
    Interface,
    InterfaceKind,
    OptionalBlock,
    PolicyModule,
)
from policytool.model.own_path import Labelling, PrivateType
from policytool.model.paths import SUBTREE, escaped
from policytool.model.program import Child, Helper
from policytool.model.rules import RoleType, TypeDeclaration, TypeTransition

VERSION = "1.0.0"

# refpolicy, kernel/domain.te: neverallow rules on `~domain` bind every type of a process.
_DOMAIN_ATTRIBUTES = ("domain",)

# What corecmd_executable_file() and domain_entry_file() of refpolicy give a program file: neverallow rules on
# `~entry_type` and the label tools (setfiles, rpm, dpkg) go by them.
_EXEC_ATTRIBUTES = ("entry_type", "exec_type", "file_type", "non_auth_file_type", "non_security_file_type")

# systemd's domain in refpolicy and in Fedora's policy: where a daemon is entered from.
_INIT = "init_t"

_SYSTEM_ROLE = "system_r"
_PATHS_SHOWN = 2
_UNLABELLED = Labelling()


def module_name(daemon: Daemon, *, extends: bool, taken: Container[str] = ()) -> str:
    """Name the module of DAEMON, unlike the modules of the base, whose names are TAKEN.

    A module that has the name of a module of the base (`dnsmasq`) would replace it when it is installed.
    """
    if extends:
        return f"{daemon.name}_extension"
    return f"{daemon.name}_domain" if daemon.name in taken else daemon.name


def skeleton(
    daemon: Daemon,
    graph: PermissionGraph,
    base: BasePolicy,
    *,
    extends: bool,
    base_types: Container[str] = (),
    taken: Container[str] = (),
    helpers: Sequence[Helper] = (),
    labelling: Labelling = _UNLABELLED,
    children: Sequence[Child] = (),
) -> PolicyModule:
    """Return the module of DAEMON without rules; with nothing to declare when the base owns the domain.

    BASE_TYPES are the types of the base, TAKEN the names of its modules. The domain is entered from init, and
    from those other domains of the base from which it was seen to be; it is left by running HELPERS, among them
    CHILDREN, which are declared with it. LABELLING has its private types.
    """
    name = module_name(daemon, extends=extends, taken=taken)
    left = _ways_out(daemon, helpers)
    if extends:
        return PolicyModule(
            name,
            VERSION,
            daemon.domain,
            True,
            base,
            daemon.summary,
            graph.traces,
            types=_child_types(children),
            roles=_child_roles(children),
            # What it makes gets the label that the base's file contexts give the path, as with any other daemon.
            transitions=(*left, *labelling.transitions),
            file_contexts=_program_contexts(children),
            interfaces=(),
        )
    seen = (source for source in graph.entered_from(daemon.domain) if source in base_types)
    entered_from = sorted({_INIT, *seen})
    return PolicyModule(
        name=name,
        version=VERSION,
        domain=daemon.domain,
        extends=False,
        base=base,
        summary=daemon.summary,
        traces=graph.traces,
        types=(
            TypeDeclaration(daemon.domain, _DOMAIN_ATTRIBUTES, "domain of the daemon"),
            TypeDeclaration(daemon.exec_type, _EXEC_ATTRIBUTES, "program file of the daemon, the only way in"),
            *_child_types(children),
            *(TypeDeclaration(private.name, private.attributes, _reason(private)) for private in labelling.private),
        ),
        roles=(RoleType(_SYSTEM_ROLE, daemon.domain), *_child_roles(children)),
        transitions=(
            *(
                TypeTransition(source, daemon.exec_type, "process", daemon.domain, reason="entry of the daemon")
                for source in entered_from
            ),
            *left,
            *labelling.transitions,
        ),
        optionals=_optionals(labelling),
        file_contexts=(*_file_contexts(daemon), *_program_contexts(children), *_own_file_contexts(labelling)),
        interfaces=_interfaces(daemon, graph, labelling),
    )


def _ways_out(daemon: Daemon, helpers: Sequence[Helper]) -> tuple[TypeTransition, ...]:
    return tuple(
        TypeTransition(
            daemon.domain,
            helper.exec_type,
            "process",
            helper.domain,
            reason=f"a domain of its own: {', '.join(helper.programs)}",
        )
        for helper in helpers
    )


def _file_contexts(daemon: Daemon) -> tuple[FileContext, ...]:
    return tuple(_program_context(path, daemon.exec_type) for path in sorted(set(daemon.executables)))


def _program_contexts(children: Sequence[Child]) -> tuple[FileContext, ...]:
    return tuple(sorted(_program_context(child.path, child.exec_type) for child in children))


def _program_context(path: str, type_: str) -> FileContext:
    return FileContext(escaped(path), FileKind.FILE, SecurityContext("system_u", "object_r", type_, "s0"))


def _child_types(children: Sequence[Child]) -> tuple[TypeDeclaration, ...]:
    return tuple(
        declaration
        for child in children
        for declaration in (
            TypeDeclaration(child.domain, _DOMAIN_ATTRIBUTES, f"domain of {child.path}, asked for (--child)"),
            TypeDeclaration(child.exec_type, _EXEC_ATTRIBUTES, f"{child.path}, the only way into {child.domain}"),
        )
    )


def _child_roles(children: Sequence[Child]) -> tuple[RoleType, ...]:
    return tuple(RoleType(_SYSTEM_ROLE, child.domain) for child in children)


def _own_file_contexts(labelling: Labelling) -> tuple[FileContext, ...]:
    found = []
    for private in labelling.private:
        context = SecurityContext("system_u", "object_r", private.name, "s0")
        for own in private.own:
            if own.labelled and own.kind is FileKind.DIR:
                found.append(FileContext(escaped(own.path) + SUBTREE, FileKind.ANY, context))
            elif own.labelled:
                found.append(FileContext(escaped(own.path), own.kind, context))
    return tuple(sorted(found))


def _optionals(labelling: Labelling) -> tuple[OptionalBlock, ...]:
    foreign = sorted({type_ for type_, _ in labelling.optional})
    return tuple(
        OptionalBlock(
            (type_,), (), transitions=tuple(transition for of, transition in labelling.optional if of == type_)
        )
        for type_ in foreign
    )


def _reason(private: PrivateType) -> str:
    paths = [own.path for own in private.own]
    shown = ", ".join(paths[:_PATHS_SHOWN]) + (" ..." if len(paths) > _PATHS_SHOWN else "")
    return f"its own: {shown}; would be {', '.join(private.replaces)}"


def _interfaces(daemon: Daemon, graph: PermissionGraph, labelling: Labelling) -> tuple[Interface, ...]:
    name, domain = daemon.name, daemon.domain
    return (
        Interface(
            f"{name}_domtrans",
            InterfaceKind.DOMTRANS,
            f"Execute {name} in its own domain.",
            domain,
            (daemon.exec_type,),
        ),
        Interface(
            f"{name}_read_state",
            InterfaceKind.READ_STATE,
            f"Read the state of {name} processes under /proc.",
            domain,
        ),
        Interface(
            f"{name}_stream_connect",
            InterfaceKind.STREAM_CONNECT,
            f"Connect to {name} over its unix stream sockets.",
            domain,
            *_sockets(daemon, graph, labelling),
        ),
    )


def _sockets(
    daemon: Daemon, graph: PermissionGraph, labelling: Labelling
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the types of the daemon's sockets, and those of the folders they are in."""
    private = sorted(
        {
            private_type.name
            for private_type in labelling.private
            if any(own.kind is FileKind.SOCKET for own in private_type.own)
        }
    )
    if not private:
        seen = _socket_types(daemon, graph)
        return seen, seen
    made = {(transition.tclass, transition.default): transition.target for transition in labelling.transitions}
    folders = {folder for (tclass, type_), folder in made.items() if tclass == "sock_file" and type_ in private}
    return tuple(private), tuple(sorted(folders))


def _socket_types(daemon: Daemon, graph: PermissionGraph) -> tuple[str, ...]:
    """Return the types that the daemon's listening sockets were seen to carry in the file system."""
    sockets = {alias for path in daemon.sockets for alias in (path, f"/var{path}")}
    found = set()
    for vector in graph.vectors():
        if vector.tclass == "sock_file" and any(use.path in sockets for use, _ in vector.evidence.uses):
            found.add(vector.target.type_)
    return tuple(sorted(found))
