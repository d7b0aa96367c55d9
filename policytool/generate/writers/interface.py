# SPDX-License-Identifier: GPL-2.0-or-later
"""Writer of the interfaces that a module offers to others, the .if file."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from policytool.generate.writers.comment import safe
from policytool.generate.writers.te import style_key
from policytool.model.module import Interface, InterfaceKind, PolicyModule


def write_interfaces(module: PolicyModule) -> str:
    """Return the .if text of MODULE, with the XML comments that refpolicy's documentation is made of."""
    summary = safe(module.summary) or f"Policy for {module.domain}."
    lines = [f"## <summary>{_xml(summary)}</summary>", ""]
    for interface in module.interfaces:
        lines += _interface(interface, module.declared | {module.domain})
    return "\n".join(lines).rstrip("\n") + "\n"


def _interface(interface: Interface, own: Collection[str]) -> list[str]:
    body = _BODIES[interface.kind](interface)
    about_files = interface.kind in (InterfaceKind.READ, InterfaceKind.MANAGE)
    domain = () if about_files else (interface.domain,)
    types = (*domain, *interface.types, *interface.folders)
    return [
        "#" * 40,
        "## <summary>",
        f"##\t{_xml(interface.summary)}",
        "## </summary>",
        '## <param name="domain">',
        "##\t<summary>",
        "##\tDomain allowed access.",
        "##\t</summary>",
        "## </param>",
        *(["## <rolecap/>"] if interface.kind is InterfaceKind.ADMIN else []),
        "#",
        f"interface(`{interface.name}',`",
        *_require(dict.fromkeys(types), own),
        "",
        *(f"\t{line}" if line else "" for line in body),
        "')",
        "",
    ]


def _require(types: Iterable[str], own: Collection[str]) -> list[str]:
    """Return the requirement of TYPES. Where one is not the module's OWN, SELint (W-011) asks for an interface."""
    lines = []
    for type_ in sorted(types, key=style_key):
        # The folder on the way there belongs to a module that has no interface for searching it.
        mark = "" if type_ in own else " #selint-disable:W-011"
        lines.append(f"\t\ttype {type_};{mark}")
    return ["\tgen_require(`", *lines, "\t')"]


def _domtrans(interface: Interface) -> list[str]:
    (exec_type,) = interface.types
    return ["corecmd_search_bin($1)", f"domtrans_pattern($1, {exec_type}, {interface.domain})"]


def _read_state(interface: Interface) -> list[str]:
    return ["kernel_search_proc($1)", f"ps_process_pattern($1, {interface.domain})"]


def _stream_connect(interface: Interface) -> list[str]:
    lines = [f"allow $1 {interface.domain}:unix_stream_socket connectto;"]
    if interface.types:
        lines.insert(0, "files_search_runtime($1)")
    lines += [f"allow $1 {type_}:dir search_dir_perms;" for type_ in interface.folders]
    lines += [f"allow $1 {type_}:sock_file write_sock_file_perms;" for type_ in interface.types]
    return lines


def _read(interface: Interface) -> list[str]:
    (type_,) = interface.types
    lines = _way_to(interface)
    lines += [f"{name}_pattern($1, {type_}, {type_})" for name in ("list_dirs", "read_files", "read_lnk_files")]
    return lines


def _manage(interface: Interface) -> list[str]:
    (type_,) = interface.types
    lines = _way_to(interface)
    lines += [
        f"manage_{name}_pattern($1, {type_}, {type_})" for name in ("dirs", "files", "lnk_files", "sock_files")
    ]
    return lines


def _admin(interface: Interface) -> list[str]:
    lines = [f"allow $1 {interface.domain}:process {{ ptrace signal_perms }};"]
    lines.append(f"ps_process_pattern($1, {interface.domain})")
    lines += [""] if interface.types else []
    lines += _way_to(interface)
    lines += [f"admin_pattern($1, {type_})" for type_ in interface.types]
    return lines


def _way_to(interface: Interface) -> list[str]:
    """Return the lines by which the folders are searched that lead to what INTERFACE is about."""
    searches = [f"{search}($1)" for search in interface.searches]
    return [*searches, *(f"allow $1 {folder}:dir search_dir_perms;" for folder in interface.folders)]


_BODIES = {
    InterfaceKind.ADMIN: _admin,
    InterfaceKind.DOMTRANS: _domtrans,
    InterfaceKind.READ_STATE: _read_state,
    InterfaceKind.READ: _read,
    InterfaceKind.MANAGE: _manage,
    InterfaceKind.STREAM_CONNECT: _stream_connect,
}


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
