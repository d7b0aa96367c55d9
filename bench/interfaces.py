# SPDX-License-Identifier: GPL-2.0-or-later
"""What profile `interfaces` makes of each daemon at several prices of excess, beside audit2allow -R.

`.venv/bin/python bench/interfaces.py [TRACES…]` prints two tables in Markdown, of the modules of `make policies` by
default, what they need alike written once. A row is a permission or a transition that the exact module grants.
Statements are rules, transitions and calls; requirements are the types of other modules that gen_require
has to name. At price "none" a call brings nothing that was not seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

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
from policytool.workflow.interfaces import Wording, written_once
from policytool.workflow.probed_macros import probed_macros

ROOT = Path(__file__).resolve().parent.parent
PRICES = (0.1, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 1.0)
HEADERS = Path("/usr/share/selinux/devel/include")
# What `make policies` calls the module of what several daemons need alike.
SHARED = "virt_modular"
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


class Figures(NamedTuple):
    """What a choice of words comes to; `foreign` are rules about other modules' types: those in calls, and all.

    `served` is the same for those that some interface, not a dangerous one, grants whole.
    """

    rows: int
    exact: int
    raw: int
    calls: int
    requirements: int
    excess: int
    foreign: tuple[int, int]
    served: tuple[int, int]

    def plus(self, other: Figures) -> Figures:
        """Return both together."""
        foreign, served = (
            (one[0] + two[0], one[1] + two[1])
            for one, two in ((self.foreign, other.foreign), (self.served, other.served))
        )
        counts = (mine + its for mine, its in zip(self[:6], other[:6], strict=True))
        return Figures(*counts, foreign=foreign, served=served)

    @property
    def columns(self) -> tuple[object, ...]:
        """The cells of a row."""
        share = f"{self.excess / max(1, self.rows):.1%}"
        return (*self[:6], share, *(f"{part} of {of} ({part / max(1, of):.0%})" for part, of in self[6:]))


def report(
    made: Sequence[Candidate], policy: CompiledPolicy, skeletons: Sequence[PolicyModule], base: Base
) -> None:
    """Print the tables; POLICY is BASE with SKELETONS."""
    table = probed_macros(base)
    print(f"{len(table.macros)} macros; left out: {', '.join(f'{n} {why}' for why, n in table.left_out.items())}\n")
    free, priced = (Wording(made, policy, table, price) for price in (None, min(PRICES)))
    once = written_once(SHARED, [candidate.module for candidate in made if not candidate.only_cil], free)
    if once:
        for wording in (free, priced):
            wording.offer(once.rules)
    columns = "module|price|rows|exact statements|raw|calls|requirements|excess|share|foreign|with an interface"
    print(f"|{columns}|gap|seconds|\n|{'---|' * 13}")
    together: dict[float | None, Figures] = {}
    for candidate in made:
        for price in (None, *PRICES):
            options = (free if price is None else priced).options(candidate.module)
            start = monotonic()
            chosen = cover(options.rows, [*options.raw, *options.calls], price or 0.0)
            found = figures(candidate.module, options, chosen)
            together[price] = together[price].plus(found) if price in together else found
            row = (candidate.module.name, price or "none", *found.columns)
            print(f"|{'|'.join(map(str, row))}|{chosen.gap:.1%}|{monotonic() - start:.1f}|", flush=True)
    for price, found in together.items():
        print(f"|together|{price or 'none'}|{'|'.join(map(str, found.columns))}|||", flush=True)
    print(f"\n|module|allow rules|calls|excess|\n|{'---|' * 4}")
    with TemporaryDirectory() as name:
        for line in audit2allow(made, policy, skeletons, base, Path(name)):
            print(f"|{'|'.join(map(str, line))}|", flush=True)


def figures(module: PolicyModule, options: Options, chosen: Cover) -> Figures:
    """Return what CHOSEN comes to."""
    raw = {option.name for option in chosen.options} - options.written.keys()
    own = module.declared | {module.domain}
    foreign = [
        f"allow {rule.source} {rule.target}:{rule.tclass}"
        for rule in module.rules
        if not {rule.source, rule.target} <= own
    ]
    there = [name for name in foreign if (found := options.alternatives.get(name)) and not found.why_not]
    return Figures(
        len(options.rows),
        len(options.raw),
        len(raw),
        len(chosen.options) - len(raw),
        len(chosen.needs),
        len(chosen.excess),
        *((sum(name not in raw for name in names), len(names)) for names in (foreign, there)),
    )


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
