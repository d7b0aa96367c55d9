# SPDX-License-Identifier: GPL-2.0-or-later
"""The refpolicy headers (interfaces and support macros) as frozen m4 states, made once for all modules.

The recipe is that of the headers' own Makefile: m4 over support/*.spt and every layer's *.if makes definitions,
and m4 over support/*.spt, these definitions and the module makes the source for checkmodule. Both are frozen
(m4 -F), which takes a module from a second to some 20 ms.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from policytool.errors import InputError, MissingToolError
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.run import run

_FOLDER = Path("/usr/share/selinux/devel/include")
# An empty value ends at its own line.
_SETTING = re.compile(
    r"^[ \t]*(?:override[ \t]+)?(?P<name>[A-Z_]+)[ \t]*[?:]?=[ \t]*(?P<value>.*?)[ \t]*$", re.MULTILINE
)

# What the headers' Makefile takes for what build.conf does not set.
_DEFAULTS = {"TYPE": "standard", "MLS_SENS": "16", "MLS_CATS": "1024", "MCS_CATS": "1024"}

# m4 runs programs and reads files when asked: a module under check comes from a pull request, so nothing that
# reaches outside is left in the states. What uses one stays as text, which checkmodule then refuses.
_OUTWARD = ("syscmd", "esyscmd", "include", "sinclude", "undivert", "builtin", "debugfile", "mkstemp", "maketemp")
_CONFINE = "".join(f"undefine(`{name}')" for name in _OUTWARD)

# Ends pass 1 with an error when an interface was defined twice; text of the Makefile.
IF_ERROR = "ifdef(`__if_error',`m4exit(1)')\n"


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers ready for use: `interfaces` is the state that reads .if files, `source` the one for .te and .fc.

    `key` changes when any header does; `mls` says whether checkmodule needs -M.
    """

    path: Path
    key: str
    interfaces: Path
    source: Path
    mls: bool


def headers_folder(path: Path | None = None) -> Path:
    """Return the folder of the headers in PATH, None being the distribution's; it need not exist."""
    return path or _FOLDER


def find_headers(path: Path | None = None, cache: Cache | None = None) -> Headers:
    """Return the headers in PATH, None being the distribution's; MissingToolError names their package."""
    folder = path or _FOLDER
    if path is None and not folder.is_dir():
        raise _no_headers()
    try:
        settings = {**_DEFAULTS, **_settings((folder / "build.conf").read_text("utf-8"))}
        support = sorted((folder / "support").glob("*.spt"))
        layers = sorted(layer for layer in folder.iterdir() if layer.is_dir() and layer.name != "support")
        interfaces = [file for layer in layers for file in sorted(layer.glob("*.if"))]
        hashes = [
            hashlib.sha256(file.read_bytes()).hexdigest() + str(file.relative_to(folder))
            for file in (*support, *interfaces)
        ]
    except OSError as error:
        raise InputError(f"cannot read the policy headers {folder}: {error.strerror}") from error
    key = digest("headers", *parameters(settings), *hashes, _CONFINE)
    frozen = (cache or open_cache()).fill("headers", key, partial(_freeze, settings, support, interfaces))
    return Headers(
        folder, key, frozen / "interfaces.m4f", frozen / "source.m4f", settings["TYPE"] in {"mcs", "mls"}
    )


def permission_sets_text(path: Path | None = None) -> str:
    """Return the file with refpolicy's permission sets from the headers in PATH; raises as find_headers."""
    folder = path or _FOLDER
    if path is None and not folder.is_dir():
        raise _no_headers()
    file = folder / "support" / "obj_perm_sets.spt"
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the permission sets {file}: {error}") from error


def parameters(settings: Mapping[str, str]) -> list[str]:
    """Return m4's -D options for the SETTINGS of build.conf, as the headers' Makefile makes them."""
    names = []
    if settings["TYPE"] in {"mcs", "mls"}:
        names.append(f"enable_{settings['TYPE']}")
    if settings.get("DISTRO"):
        names.append(f"distro_{settings['DISTRO']}")
    if settings.get("SYSTEMD") == "y":
        names.append("init_systemd")
    if settings.get("DIRECT_INITRC") == "y":
        names.append("direct_sysadm_daemon")
    if settings.get("UBAC") == "y":
        names.append("enable_ubac")
    names.extend(settings.get("CUSTOM_BUILDOPT", "").split())
    names.append(f"mls_num_sens={settings['MLS_SENS']}")
    names.append(f"mls_num_cats={settings['MLS_CATS']}")
    names.append(f"mcs_num_cats={settings['MCS_CATS']}")
    return [word for name in names for word in ("-D", name)]


def definitions(expanded: bytes) -> bytes:
    """Return the output of pass 1 over .if files as input of pass 2."""
    return b"divert(-1)\n" + expanded.replace(b"dollarsstar", b"$*") + b"divert\n"


def _no_headers() -> MissingToolError:
    return MissingToolError(
        "no policy headers: apt install selinux-policy-dev, or dnf install selinux-policy-devel"
    )


def _settings(text: str) -> dict[str, str]:
    return {match["name"]: match["value"] for match in _SETTING.finditer(text)}


def _freeze(settings: Mapping[str, str], support: list[Path], interfaces: list[Path], folder: Path) -> None:
    options = parameters(settings)
    confine, all_interfaces = folder / "confine.m4", folder / "all_interfaces.conf"
    confine.write_text(_CONFINE)
    pass_one = run(["m4", "-F", folder / "interfaces.m4f", *support, *interfaces, confine])
    all_interfaces.write_bytes(definitions(pass_one.stdout))
    run(["m4", *options, "-F", folder / "source.m4f", *support, all_interfaces, confine])
    all_interfaces.unlink()
