# SPDX-License-Identifier: GPL-2.0-or-later
"""What audit2allow makes of the same scenarios, enforced in the same machine: `make lab-audit2allow`, as root.

Done as people do: one permissive recording of daemons that have a domain and no rules, `audit2allow` on its log,
the module loaded beside that, and the machine enforcing. The outcome is printed as `policytool lab enforce` does;
its exit code is that command's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from policytool.daemons import load_daemons
from policytool.lab.image import build_image
from policytool.lab.machine_policy import image_base, record_policy
from policytool.model.daemon import Daemon
from policytool.recorder.recording_policy import MODULE
from policytool.toolchain.run import run
from policytool.traces.bundle.bundle import load
from policytool.traces.bundle.manifest import Recording
from policytool.traces.bundle.source import read_lines

DAEMONS = ("virtsecretd", "virtnetworkd", "virtqemud", "virtstoraged", "virtlogd")
GUESTS = Daemon("svirt", "svirt_t", "qemu_exec_t")


def main(folder: Path) -> int:
    """Record, make the module, enforce; everything goes into FOLDER."""
    trace, modules = folder / "permissive", folder / "audit2allow"
    names = [word for name in (*DAEMONS, GUESTS.domain) for word in ("-d", name)]
    if not trace.exists():
        policytool("lab", "record", "--mode", "permissive", *names, "-o", str(trace))
    known = {daemon.name: daemon for daemon in load_daemons()}
    policy = record_policy(
        image_base(build_image(print)), [*(known[name] for name in DAEMONS), GUESTS], [], Recording.PERMISSIVE
    )
    for name, cil in policy.modules.items():
        if name != MODULE:
            (modules / name).mkdir(parents=True, exist_ok=True)
            (modules / name / f"{name}.cil").write_text(cil, "utf-8")
    log = folder / "audit.log"
    with log.open("wb") as stream:
        for part in load(str(trace)).logs:
            stream.writelines(line + b"\n" for line in read_lines(part.path))
    made = run(["audit2allow", "-p", policy.linked.policy, "-i", log, "-m", "lab_audit2allow"]).text
    (modules / "lab_audit2allow").mkdir(parents=True, exist_ok=True)
    (modules / "lab_audit2allow" / "lab_audit2allow.te").write_text(made, "utf-8")
    rules = sum(line.startswith("allow ") for line in made.splitlines())
    print(f"audit2allow: {rules} allow rules", file=sys.stderr)
    # Debian's semodule loads it, whatever the base's neverallow rules say of it.
    return policytool("lab", "enforce", str(modules), "--no-neverallow", check=False)


def policytool(*words: str, check: bool = True) -> int:
    """Run policytool, and return its exit code."""
    return subprocess.run([sys.executable, "-m", "policytool", *words], check=check).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/lab-audit2allow")))
