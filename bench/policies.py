# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast whole policies are written out and compared, beside setools and sediff in the same run: `make bench`.

The policies are the base, and the base with the shipped modules; two others may be named instead. Each command is a
process of its own, and all take turns. Processor time counts, start of the process included, since the machine may
have other work to do.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# One pass of setools over all rules; what every program on top of it has to wait for.
_ALL_RULES = "import sys, setools; print(sum(1 for _ in setools.SELinuxPolicy(sys.argv[1]).terules()))"
_SURFACES = """
import gc, sys
# As policytool.cli.main.run does.
gc.set_threshold(5_000_000)
from policytool.policy.compiled import CompiledPolicy
from policytool.surface.rule_matrix import surface_matrix
print(surface_matrix(CompiledPolicy(sys.argv[1])).sparse.nnz)
"""
_DIFFERENCE = "from policytool.cli import run; run()"
_NOTHING = "import setools"
_FLOWS = """
import gc, sys
# As policytool.cli.main.run does.
gc.set_threshold(5_000_000)
from policytool.policy.compiled import CompiledPolicy, flow_weights
from policytool.surface.flow_table import FlowTable
table = FlowTable(CompiledPolicy(sys.argv[1]), flow_weights())
print(sum(table.targets(name).bit_count() for name in table.universe.names))
"""
_FLOWS_OF_SETOOLS = """
import sys, setools
from pathlib import Path
from setools.infoflow import InfoFlowAnalysis
weights = setools.PermissionMap(str(Path(setools.__file__).with_name("perm_map")))
analysis = InfoFlowAnalysis(setools.SELinuxPolicy(sys.argv[1]), weights)
analysis.booleans = {}
analysis._build_subgraph()
print(analysis.subG.number_of_edges())
"""


class Cost(NamedTuple):
    """Seconds of processor time, and the resident size in MiB."""

    seconds: float
    resident: float


def cost(*words: str | Path) -> Cost:
    """Run a command and return what it took."""
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def linked() -> list[Path]:
    """Return the base, and the base with the shipped modules."""
    from policytool.toolchain.base import find_base
    from policytool.workflow.module_set import ModuleSet

    folders = sorted(path for path in (ROOT / "policies").iterdir() if path.is_dir() and path.name != "baseline")
    modules = ModuleSet(folders, find_base(None))
    return [modules.base_linked.policy, modules.linked.policy]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policies", nargs="*", type=Path, metavar="POLICY")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flows", action="store_true", help="setools' analysis takes minutes")
    chosen = parser.parse_args()
    old, new = chosen.policies or linked()
    python = sys.executable
    commands: dict[str, list[str | Path]] = {
        "start of Python and setools": [python, "-c", _NOTHING],
        "setools, one pass over the rules": [python, "-c", _ALL_RULES, new],
        "surfaces of all types": [python, "-c", _SURFACES, new],
        "sediff": ["sediff", old, new],
        "policytool diff": [python, "-c", _DIFFERENCE, "diff", old, new],
    }
    if chosen.flows:
        commands |= {
            "setools, all direct flows": [python, "-c", _FLOWS_OF_SETOOLS, new],
            "policytool, all direct flows": [python, "-c", _FLOWS, new],
        }
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(chosen.rounds):
        for name, words in commands.items():
            found[name].append(cost(*words))
    print("| what | processor | resident |\n| --- | ---: | ---: |")
    for name, costs in found.items():
        seconds, resident = median(one.seconds for one in costs), median(one.resident for one in costs)
        print(f"| {name} | {seconds:.2f} s | {resident:.0f} MiB |")


if __name__ == "__main__":
    main()
