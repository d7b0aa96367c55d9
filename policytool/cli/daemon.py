# SPDX-License-Identifier: GPL-2.0-or-later
"""`policytool daemon`: descriptions of daemons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from policytool.cli.console import emit, note, write_files
from policytool.cli.verbs import VerbArgument, VerbGroup, VerbOption
from policytool.errors import InputError

if TYPE_CHECKING:
    from policytool.model.daemon import Daemon

app = VerbGroup("Descriptions of daemons: init.")

# Where systemd looks, the first wins (systemd.unit(5), "Unit File Search Path").
_FOLDERS = (Path("/etc/systemd/system"), Path("/run/systemd/system"), Path("/usr/lib/systemd/system"))


@app.verb()
def init(
    unit: Annotated[str, VerbArgument(metavar="UNIT", help="A .service file, or the name of a unit here.")],
    output: Annotated[
        Path | None, VerbOption("-o", "--output", metavar="DIR", help="Write DIR/NAME.toml (default: print it).")
    ] = None,
) -> None:
    """Describe the daemon of a systemd unit: its program, domain and sockets, for --daemons."""
    from policytool.daemons.unit_file import daemon_of_units
    from policytool.model.daemon import DaemonError

    file = _find(unit)
    name = file.name.removesuffix(".service")
    socket = file.with_name(f"{name}.socket")
    try:
        daemon = daemon_of_units(name, _texts(file), _texts(socket) if socket.is_file() else ())
    except DaemonError as error:
        raise InputError(f"{file}: {error}") from error
    text = _toml(daemon)
    if output is None:
        emit(text)
        return
    write_files(output, {f"{daemon.name}.toml": text})
    note(f"{output / daemon.name}.toml: {daemon.domain}, entered by {', '.join(daemon.executables)}")


def _find(unit: str) -> Path:
    if "/" in unit or Path(unit).is_file():
        return Path(unit)
    name = unit if unit.endswith(".service") else f"{unit}.service"
    found = [folder / name for folder in _FOLDERS if (folder / name).is_file()]
    if not found:
        raise InputError(f"{name}: no such unit in {', '.join(map(str, _FOLDERS))}; name its file")
    return found[0]


def _texts(file: Path) -> list[str]:
    """Return the text of a unit file, and those of its drop-ins."""
    drop_ins = sorted(file.with_name(f"{file.name}.d").glob("*.conf"))
    try:
        return [path.read_text("utf-8") for path in (file, *drop_ins)]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error


def _toml(daemon: Daemon) -> str:
    """Return DAEMON as TOML; a JSON string is one of TOML, too."""
    lines = [
        ("name", daemon.name),
        ("summary", daemon.summary),
        ("domain", daemon.domain),
        ("exec_type", daemon.exec_type),
        ("executables", list(daemon.executables)),
        ("unit", daemon.unit),
        ("sockets", list(daemon.sockets)),
    ]
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in lines)
