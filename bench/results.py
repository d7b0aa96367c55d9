# SPDX-License-Identifier: GPL-2.0-or-later
"""All figures that depend on the traces and modules: `make results [TRACES="..."]` writes docs/figures.md.

Rules, triples (floor, used, excess), private types, transitions, surfaces, cures and held-out share of each daemon,
measured now from the modules under policies/ and the traces named (default: all that are shipped), and what
`make demo` prints. README.md shows a part of the latter, between markers, and two figures of the page that `report`
writes (docs/pictures); docs/minimal.md shows a third. tests/test_figures.py says whether they are of today's
modules and traces.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from policytool.generate.enforced_runs import ABLATION_FILE
from policytool.lab.loaded import loaded_modules, scenario_files
from policytool.lab.machine_kind import MACHINES
from policytool.lab.scenario import batches, choose_for
from policytool.report.page.budget_curve import read_curve
from policytool.report.page.budget_figure import budget_figure
from policytool.toolchain.base import find_base
from policytool.toolchain.run import run

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "policies"
FIGURES = ROOT / "docs" / "figures.md"
README = ROOT / "README.md"
PICTURES = ROOT / "docs" / "pictures"
ENFORCEMENT = ROOT / "docs" / "enforcement.json"
ABLATION = ROOT / "policies" / ABLATION_FILE
BEGIN, END = "<!-- demo:begin -->\n", "<!-- demo:end -->"

# The figures of the page that README.md shows.
SHOWN_FIGURES = ("surface", "graph-virtsecretd")
# The one that docs/minimal.md shows.
BUDGET = "budget"

# Whom README.md shows of what `make demo` prints.
SHOWN = ("virtlogd", "virtnetworkd", "virtqemud")

Json = Mapping[str, Any]

_TYPE = re.compile(r"^type (\S+?)(?:, (.*))?;$", re.MULTILINE)
_TRANSITION = re.compile(r"^\s*type_transition \S+ \S+:(\S+) ", re.MULTILINE)


def main(traces: Sequence[str]) -> int:
    """Measure, and write the page and README's part of it."""
    modules = sorted(path.parent for path in POLICIES.glob("*/evidence.json"))
    options = [word for module in modules for word in ("-m", str(module.relative_to(ROOT)))]
    stamp = inputs(traces)
    with_demo(README.read_text("utf-8"), "")  # fails now, and not after minutes, if the markers are gone
    replayed = policytool("replay", *traces, *options, "--irreducible", "--json")
    held = policytool("holdout", *traces, "--json", may_fail=True)
    printed = demo()
    lines = [
        *versions(traces, stamp),
        *surfaces(replayed, modules),
        *cures(modules),
        *holdout(held),
        *enforced(json.loads(ENFORCEMENT.read_text("utf-8"))),
        *ablated(json.loads(ABLATION.read_text("utf-8"))),
        *("## What `make demo` prints", "", "Without the times that its steps took.", "", "```"),
        printed + "```",
    ]
    FIGURES.write_text("\n".join(lines) + "\n", "utf-8")
    README.write_text(with_demo(README.read_text("utf-8"), printed), "utf-8")
    pictures()
    if held["daemons"]:
        PICTURES.joinpath(f"{BUDGET}.svg").write_text(budget_figure(read_curve(json.dumps(held))).svg, "utf-8")
    print(f"renewed: {FIGURES.relative_to(ROOT)}, {README.relative_to(ROOT)}", file=sys.stderr)
    return 0


def shipped() -> list[str]:
    """Return the names of the traces that are shipped."""
    return sorted(str(path.parent.relative_to(ROOT)) for path in ROOT.glob("traces/libvirt/*/manifest.json"))


def inputs(traces: Sequence[str]) -> str:
    """Return a hash of what the figures are made from: the modules, their evidence, and the manifests of TRACES.

    A manifest names the hash of each of its trace's files.
    """
    parts = [path for path in POLICIES.rglob("*") if path.is_file()]
    parts += [ROOT / trace / "manifest.json" for trace in traces]
    whole = sha256()
    for path in sorted(parts):
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
        whole.update(f"{name} {sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


def demo() -> str:
    """Return what `make demo` prints, without times and without where it leaves what it makes."""
    words = (sys.executable, "-m", "policytool", "demo", "--output", "build/demo")
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"policytool demo ended with {done.returncode}: {done.stdout}{done.stderr}")
    lines = [line for line in done.stdout.splitlines() if not re.fullmatch(r"  [\d.]+ s|Modules, graphs .*", line)]
    return "\n".join(lines).strip("\n") + "\n"


def pictures() -> None:
    """Draw the page of policies/, and keep the figures that README.md shows."""
    with tempfile.TemporaryDirectory(prefix="policytool-") as name:
        # Not the whole folder, in which the baseline is, too.
        modules = [str(path.parent.relative_to(ROOT)) for path in sorted(POLICIES.glob("*/evidence.json"))]
        words = ("report", *modules, "-o", f"{name}/report.html", "--figures", name)
        subprocess.run([sys.executable, "-m", "policytool", *words], cwd=ROOT, check=True)
        PICTURES.mkdir(exist_ok=True)
        for figure in SHOWN_FIGURES:
            shutil.copyfile(f"{name}/{figure}.svg", PICTURES / f"{figure}.svg")


def with_demo(readme: str, printed: str) -> str:
    """Return README with what the demo printed, shortened to the modules SHOWN."""
    before, rest = readme.split(BEGIN, 1)
    return f"{before}{BEGIN}```\n{shortened(printed)}```\n{END}{rest.split(END, 1)[1]}"


def shortened(printed: str) -> str:
    """Leave out of the tables of PRINTED all modules and domains but SHOWN and what they are compared with."""
    row = re.compile(r"([a-z]+d|svirt)(_extension|_t)? .*\d")
    kept = []
    for line in printed.splitlines():
        match = row.match(line)
        if match is None or match[1] in SHOWN or match[1] == "virtd":
            kept.append(line)
    return "\n".join(kept) + "\n"


def policytool(*words: str, may_fail: bool = False) -> Json:
    """Run policytool; where it has no answer (exit 3) and MAY_FAIL, return nothing but the reason."""
    done = subprocess.run(
        [sys.executable, "-m", "policytool", *words], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode == 3 and may_fail:
        return {"daemons": [], "reason": done.stderr.strip()}
    if done.returncode not in (0, 1):
        sys.exit(f"policytool {' '.join(words)} ended with {done.returncode}: {done.stderr}")
    found: Json = json.loads(done.stdout)
    return found


def versions(traces: Sequence[str], stamp: str) -> Iterator[str]:
    """Say what the figures were measured with."""
    base = find_base().identity
    secilc = run(["secilc", "--help"], ok=(0, 1)).text
    match = re.search(r"default: (\d+)", secilc)
    newest = match[1] if match else "?"
    yield from (
        "# Figures",
        "",
        "Made by `make results`, never by hand: `make test` fails when the modules or traces have changed since.",
    )
    yield "[minimal.md](minimal.md) says what the words mean, [comparison.md](comparison.md) how surfaces are"
    yield "counted."
    yield ""
    yield f"- Traces: {', '.join(f'`{trace}`' for trace in traces)}"
    yield f"- Base: {base.name} {base.version}, sha256 `{base.sha256[:16]}`; policy version {newest}"
    yield f"- Modules: `policies/`; modules and traces together have the hash `{stamp}`"
    yield ""


def surfaces(replayed: Json, modules: Sequence[Path]) -> Iterator[str]:
    """Yield what each module holds, and whether each rule is needed."""
    proof = replayed["irreducible"]
    findings = Counter(finding["module"] for finding in proof["findings"])
    parts = {surface["domain"]: surface for surface in proof["surfaces"]}
    yield from ("## Rules, and whether each is needed", "")
    yield "`policytool replay TRACES -m policies/… --irreducible`: triples are (target type, class, permission) at"
    yield "the booleans' stored values; triples = floor + used + excess. An extension's floor is all that the base"
    yield "gives the domain."
    yield ""
    yield from head(
        "daemon", "allow rules", "triples", "floor", "used", "excess", "private types", "process transitions",
        "file transitions",
    )  # fmt: skip
    for module in modules:
        evidence = json.loads((module / "evidence.json").read_text("utf-8"))
        text = (module / f"{evidence['module']}.te").read_text("utf-8")
        rules = len(re.findall(r"^\s*allow ", text, re.MULTILINE))
        private = [
            name for name, held in _TYPE.findall(text) if not {"domain", "entry_type"} & set(held.split(", "))
        ]
        kinds = Counter("process" if tclass == "process" else "file" for tclass in _TRANSITION.findall(text))
        surface = parts[evidence["domain"]]
        figures = (rules, surface["triples"], surface["floor"], surface["used"], surface["excess"], len(private))
        name = f"{module.name} (extension)" if surface["extends"] else module.name
        yield row(name, *figures, kinds["process"], kinds["file"])
    yield ""
    counts = proof["counts"]
    denied = replayed["counts"]["denied"]
    total = sum(replayed["counts"].values())
    yield f"{counts['needed']} permissions of allow statements are each needed by something seen;"
    yield f"{len(proof['shared'])} more are needed and stand in several modules, each of which is enough alone;"
    yield f"{sum(findings.values())} can go or were not judged. Of {total} accesses replayed {denied} are denied."
    yield ""


def cures(modules: Sequence[Path]) -> Iterator[str]:
    """Yield what became of the accesses of each daemon."""
    counts = {}
    for module in modules:
        evidence = json.loads((module / "evidence.json").read_text("utf-8"))
        keys = {
            (*(access[k] for k in ("source", "target", "tclass", "perm")), access["cure"])
            for access in evidence["accesses"]
        }
        counts[module.name] = Counter(key[-1] for key in keys)
    names = sorted({cure for counted in counts.values() for cure in counted})
    yield from ("## What became of each access", "")
    yield "Distinct accesses by cure (evidence.json):"
    yield ""
    yield from head("daemon", *names)
    for name, counted in counts.items():
        yield row(name, *(counted[cure] for cure in names))
    yield ""


def holdout(held: Json) -> Iterator[str]:
    """Yield what leaving each scenario out says."""
    yield from ("## What the recordings may have missed", "")
    if not held["daemons"]:
        yield from (f"Nothing held out: {held.get('reason', '')}", "")
        return
    yield "`policytool holdout TRACES`: the share of a scenario's distinct accesses that modules made of the others"
    yield "deny (weighted: by how often they were logged)."
    yield ""
    yield from head(
        "daemon", "scenarios", "held out", "denied, exact", "share", "weighted", "denied, robust", "share",
        "triples robust adds",
    )  # fmt: skip
    for daemon in held["daemons"]:
        exact, robust = daemon["exact"], daemon["robust"]
        yield row(
            daemon["daemon"], len(daemon["scenarios"]), exact["held_out"], exact["denied"], percent(exact["share"]),
            percent(exact["weighted_share"]), robust["denied"], percent(robust["share"]), daemon["added_triples"],
        )  # fmt: skip
    held_out, denied = (sum(daemon["exact"][key] for daemon in held["daemons"]) for key in ("held_out", "denied"))
    saved = denied - sum(daemon["robust"]["denied"] for daemon in held["daemons"])
    added = sum(daemon["added_triples"] for daemon in held["daemons"])
    yield ""
    yield f"Together: {denied} of {held_out} denied; `robust` saves {saved} of them with {added:.0f} triples."
    yield "[what-is-likely.md](decisions/what-is-likely.md) says what it adds. Other budgets, all daemons together:"
    yield ""
    yield from head("permissions added, of those seen", "triples", "denials saved")
    for budgets in zip(*(daemon["budgets"] for daemon in held["daemons"]), strict=True):
        spent, bought = (sum(budget[key] for budget in budgets) for key in ("added_triples", "saved"))
        yield row(percent(budgets[0]["share"]), f"{spent:.0f}", bought)
    yield ""
    yield "How often what was given a chance was needed (a chance is that one scenario more needs it):"
    yield ""
    yield from head("chance, at least", "candidates in all folds", "needed, as expected", "needed")
    for bins in zip(*(daemon["chances"] for daemon in held["daemons"]), strict=True):
        tried, expected, needed = (sum(part[key] for part in bins) for key in ("tried", "expected", "needed"))
        yield row(percent(bins[0]["least"]), tried, f"{expected:.0f}", needed)
    yield ""


def enforced(proof: Json) -> Iterator[str]:
    """Yield what the last whole proof says, a row for each boot."""
    boots: Mapping[str, Json] = proof["batches"]
    yield from ("## All scenarios, enforced", "")
    yield "`make lab-verify` (docs/enforcement.json): all modules installed, neighbours enforcing, a boot a row."
    modules, scenarios = stale(proof)
    yield f"{len(modules)} of {len(loaded())} modules are loaded otherwise now than they were then, and"
    yield f"{len(scenarios)} of {len(planned())} boots would run scenarios that were not run then."
    yield ""
    yield from head(
        "scenarios of", "steps ok", "failed", "denials", "refused on purpose", "records lost", "seconds"
    )
    for name, batch in sorted(boots.items()):
        counts = (len(batch[key]) for key in ("failed", "denials", "refused"))
        yield row(name, batch["ok"], *counts, batch["lost"], round(batch["seconds"]))
    yield ""
    ok = proof["steps"] - proof["failed"]
    yield f"Together: {ok:,} of {proof['steps']:,} steps ok, {proof['denials']} denials."
    yield ""


def ablated(result: Json) -> Iterator[str]:
    """Yield what enforced runs without dangerous permissions said, a row for each permission."""
    rows: Sequence[Json] = result["permissions"]
    yield from ("## What a step needs", "")
    counts = Counter(each["verdict"] for each in rows)
    boots = result["boots"]
    yield "`policytool lab ablate` (policies/ablation.json): the dangerous permissions of all modules, taken away"
    yield f"in enforced runs of {len(boots)} scenarios, {sum(boots.values())} boots. Needed by a step that fails"
    yield f"without it: {counts['needed']}; by no scenario tried: {counts['spare']}; not decided: {counts['open']}."
    yield ""
    columns = ("permission", "verdict", "step that fails without it", "asked for all the same")
    yield from (row(*columns), row(*("---" for _ in columns)))
    for each in rows:
        target = "self" if each["target"] == each["source"] else each["target"]
        permission = f"{each['source']} {target}:{each['tclass']} {each['perm']}"
        asked = "yes" if each["verdict"] == "spare" and each["asked"] else ""
        yield row(f"`{permission}`", each["verdict"], " ".join(each["step"]), asked)
    yield ""


@cache
def loaded() -> Mapping[str, str]:
    """Return what the machine loads of each module, as a digest by the module's name."""
    return loaded_modules(sorted(path.parent for path in POLICIES.glob("*/evidence.json")))


@cache
def planned() -> Mapping[str, str]:
    """Return what is run in each boot of a whole proof, as a digest by the boot's name."""
    payloads = choose_for(list(MACHINES.values()), ())
    return {name: scenario_files(files) for _, payload in payloads for name, files in batches(payload).items()}


def stale(proof: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the modules, and the boots, that are not those which PROOF is about."""
    then = proof["hashes"]
    return (
        tuple(name for name, digest in loaded().items() if then.get(f"loaded {name}") != digest),
        tuple(name for name, digest in planned().items() if then.get(f"scenarios {name}") != digest),
    )


def head(*names: str) -> tuple[str, str]:
    """Return the first two rows of a table, whose columns but the first are numbers."""
    return row(*names), row("---", *["---:"] * (len(names) - 1))


def row(*cells: object) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else str(cell) for cell in cells)} |"


def percent(share: float | None) -> str:
    """Return SHARE, of 1, in percent."""
    return "-" if share is None else f"{share:.1%}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or shipped()))
