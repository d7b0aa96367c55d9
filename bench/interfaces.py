# SPDX-License-Identifier: GPL-2.0-or-later
"""What profile `interfaces` makes of each daemon at several prices of excess, beside audit2allow -R.

`.venv/bin/python bench/interfaces.py [TRACES…]` prints two tables in Markdown (default: the traces that are shipped
and the modules of `make policies`). A row is a permission or a transition that the exact module grants. Statements
are rules, transitions and calls; requirements are the types of other modules that gen_require has to name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from policytool.check.findings import ModuleSource, SourceFile
from policytool.cli.decisions import load_choices
from policytool.cli.inputs import load_known, read_traces
from policytool.daemons.named import require_domain
from policytool.generate.candidate import Candidate
from policytool.generate.cover import Cover, cover
from policytool.generate.interface_options import Options
from policytool.generate.writers.cil import write_cil
from policytool.model.module import PolicyModule
from policytool.model.profile import Profile
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.more_granted import more_granted
from policytool.toolchain.base import Base, find_base
from policytool.toolchain.compile import Compiled, compile_refpolicy
from policytool.toolchain.link import link_or_fail
from policytool.toolchain.run import run
from policytool.workflow.generate import make_modules, prepare
from policytool.workflow.interfaces import Wording
from policytool.workflow.probed_macros import probed_macros

ROOT = Path(__file__).resolve().parent.parent
PRICES = (0.1, 0.25, 0.5, 0.6, 0.7, 1.0)
HEADERS = Path("/usr/share/selinux/devel/include")
# An interface that brings more than this for one rule is none that a reviewer would ask for.
NEAR = 10
_CALL = re.compile(r"^(?!policy_module|gen_require)[a-z]\w*\(.*\)$", re.MULTILINE)


def main(traces: Sequence[str]) -> int:
    """Make the exact modules, and print the tables."""
    known = load_known(None)
    names = [path.parent.name for path in sorted((ROOT / "policies").glob("*/evidence.json"))]
    wanted = [require_domain("svirt_t" if name == "svirt" else name, known) for name in names]
    choices = load_choices(ROOT / "policies", known=known)
    base = find_base()
    prepared = prepare(read_traces(traces), known, wanted, base, choices)
    made = make_modules(prepared, base, Profile.EXACT)
    report(made, prepared.skeletons.policy, list(prepared.skeletons.modules.values()), base)
    return 0


def report(
    made: Sequence[Candidate], policy: CompiledPolicy, skeletons: Sequence[PolicyModule], base: Base
) -> None:
    """Print both tables; POLICY is BASE with SKELETONS."""
    table = probed_macros(base)
    print(f"{len(table.macros)} macros; left out: {', '.join(f'{n} {why}' for why, n in table.left_out.items())}\n")
    wording = Wording(made, policy, table, min(PRICES))
    columns = "module|rows|exact statements|requirements|price|raw|calls|requirements|excess|share|foreign rules"
    print(f"|{columns}|of those with an interface|near|gap|seconds|\n|{'---|' * 15}")
    for candidate in made:
        options = wording.options(candidate.module)
        for price in PRICES:
            start = monotonic()
            chosen = cover(options.rows, [*options.raw, *options.calls], price)
            words = figures(candidate.module, options, chosen)
            exact = (len(options.rows), len(options.raw), len({n for o in options.raw for n in o.needs}))
            row = (candidate.module.name, *exact, price, *words, f"{chosen.gap:.1%}", f"{monotonic() - start:.1f}")
            print(f"|{'|'.join(map(str, row))}|", flush=True)
    print(f"\n|module|allow rules|calls|excess|\n|{'---|' * 4}")
    with TemporaryDirectory() as name:
        for row in audit2allow(made, policy, skeletons, base, Path(name)):
            print(f"|{'|'.join(map(str, row))}|", flush=True)


def figures(module: PolicyModule, options: Options, chosen: Cover) -> Iterator[object]:
    """Yield what CHOSEN comes to, in the order of the columns."""
    raw = {option.name for option in chosen.options} - options.written.keys()
    yield len(raw)
    yield len(chosen.options) - len(raw)
    yield len(chosen.needs)
    yield len(chosen.excess)
    yield f"{len(chosen.excess) / max(1, len(options.rows)):.1%}"
    own = module.declared | {module.domain}
    foreign = [
        f"allow {rule.source} {rule.target}:{rule.tclass}"
        for rule in module.rules
        if not {rule.source, rule.target} <= own
    ]
    yield f"{sum(name not in raw for name in foreign)} of {len(foreign)}"
    for most in (None, NEAR):
        there = [
            name
            for name in foreign
            if (found := options.alternatives.get(name))
            and not found.why_not
            and (most is None or found.excess <= most)
        ]
        served = sum(name not in raw for name in there)
        yield f"{served} of {len(there)} ({served / max(1, len(there)):.0%})"


def audit2allow(
    made: Sequence[Candidate], policy: CompiledPolicy, skeletons: Sequence[PolicyModule], base: Base, work: Path
) -> Iterator[tuple[object, ...]]:
    """Yield what audit2allow -R makes of the accesses that need a rule, and what that grants beside them."""
    interfaces = work / "interface_info"
    run(["sepolgen-ifgen", "-i", HEADERS, "-o", interfaces, "-p", policy.path], ok=(0, 1), timeout=600)
    texts = {module.name: write_cil(module) for module in skeletons}
    for candidate in made:
        rows = {(*rule.sort_key, perm) for rule in candidate.module.rules for perm in rule.perms}
        log = work / "audit.log"
        log.write_text("".join(denials(sorted(rows))), "utf-8")
        name = "bench_audit2allow"
        words = ["audit2allow", "-R", "-i", log, "-m", name, "-p", policy.path]
        text = run([*words, "--interface-info", interfaces], timeout=600).text
        allows = sum(line.startswith("allow ") for line in text.splitlines())
        calls = sum(1 for _ in _CALL.finditer(text))
        yield candidate.module.name, allows, calls, granted_beside(name, text, texts, rows, policy, base)


def granted_beside(
    name: str,
    text: str,
    skeletons: Mapping[str, str],
    rows: set[tuple[str, str, str, str]],
    policy: CompiledPolicy,
    base: Base,
) -> object:
    """Return how many permissions the module NAME grants beside ROWS, or why it does not build."""
    made = compile_refpolicy(ModuleSource(name, te=SourceFile(f"{name}.te", text)))
    if not isinstance(made, Compiled):
        return f"does not compile: {made[0].message}"
    linked = link_or_fail(base, {**skeletons, name: made.cil}, "audit2allow's module does not link")
    return len(more_granted(policy, CompiledPolicy(linked.policy)) - rows)


def denials(rows: Sequence[tuple[str, str, str, str]]) -> Iterator[str]:
    """Yield ROWS as a log would have them, in contexts that do not matter to audit2allow."""
    for number, (source, target, tclass, perm) in enumerate(rows):
        yield (
            f'type=AVC msg=audit(1700000000.000:{number}): avc:  denied  {{ {perm} }} for  pid=1 comm="bench" '
            f"scontext=system_u:system_r:{source}:s0 tcontext=system_u:object_r:{target}:s0 tclass={tclass} "
            "permissive=1\n"
        )


def shipped() -> list[str]:
    """Return the traces that are shipped."""
    return sorted(str(path.parent) for path in ROOT.glob("traces/libvirt/*/manifest.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or shipped()))
