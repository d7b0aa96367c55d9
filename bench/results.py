# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of the minimal permission graph, as markdown: `make results [TRACES="..."]`.

Rules, triples (floor, used, excess), private types, transitions, findings and held-out share of each daemon,
measured now from the modules under policies/ and the traces named (default: all that are shipped). Where
docs/results.md has the markers below, what stands between them is replaced; otherwise it is printed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from policytool.toolchain.base import find_base
from policytool.toolchain.run import run

ROOT = Path(__file__).resolve().parent.parent
POLICIES = ROOT / "policies"
RESULTS = ROOT / "docs" / "results.md"
BEGIN, END = "<!-- minimal:begin -->", "<!-- minimal:end -->"

Json = Mapping[str, Any]

_TYPE = re.compile(r"^type (\S+?)(?:, (.*))?;$", re.MULTILINE)
_TRANSITION = re.compile(r"^\s*type_transition \S+ \S+:(\S+) ", re.MULTILINE)


def main(traces: Sequence[str]) -> int:
    """Measure, and put the tables where they belong."""
    modules = sorted(path.parent for path in POLICIES.glob("*/evidence.json"))
    options = [word for module in modules for word in ("-m", str(module.relative_to(ROOT)))]
    replayed = policytool("replay", *traces, *options, "--irreducible", "--json")
    compared = policytool("compare", str(POLICIES.relative_to(ROOT)), "--json")
    held = policytool("holdout", *traces, "--json", may_fail=True)
    lines = [*versions(traces), *surfaces(replayed, compared, modules), *cures(modules), *holdout(held)]
    text = "\n".join(lines).rstrip("\n") + "\n"
    before = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
    if BEGIN in before and END in before:
        head, rest = before.split(BEGIN, 1)
        RESULTS.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}", "utf-8")
        print(f"renewed in {RESULTS.relative_to(ROOT)}", file=sys.stderr)
    else:
        sys.stdout.write(text)
    return 0


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


def versions(traces: Sequence[str]) -> Iterator[str]:
    """Say what the figures were measured with."""
    base = find_base().identity
    secilc = run(["secilc", "--help"], ok=(0, 1)).text
    match = re.search(r"default: (\d+)", secilc)
    newest = match[1] if match else "?"
    commit = run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]).text.strip()
    yield f"Made by `make results` at {commit}. Traces: {', '.join(f'`{trace}`' for trace in traces)}."
    yield f"Base: {base.name} {base.version}, sha256 `{base.sha256[:16]}`; policy version {newest}."
    yield ""


def surfaces(replayed: Json, compared: Json, modules: Sequence[Path]) -> Iterator[str]:
    """Yield what each module holds, and whether each rule is needed."""
    proof = replayed["irreducible"]
    findings = Counter(one["module"] for one in proof["findings"])
    parts = {one["domain"]: one for one in proof["surfaces"]}
    yield "`policytool replay TRACES -m policies/… --irreducible`, `policytool compare policies`: triples are"
    yield "(target type, class, permission) at the booleans' stored values; triples = floor + used + excess."
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
        one = parts[evidence["domain"]]
        figures = (rules, one["triples"], one["floor"], one["used"], one["excess"], len(private))
        name = f"{module.name} (extension)" if one["extends"] else module.name
        yield row(name, *figures, kinds["process"], kinds["file"])
    whole = {item["domain"]: item for item in compared["rows"] if item["policy"].endswith(" base")}
    for domain, item in whole.items():
        yield row(
            f"{domain}, refpolicy", item["rules"], item["triples"]["stored"], item["triples"]["floor"], *["-"] * 5
        )
    yield ""
    counts = proof["counts"]
    denied = replayed["counts"]["denied"]
    total = sum(replayed["counts"].values())
    yield f"{counts['needed']} permissions of allow statements are each needed by something seen;"
    yield f"{sum(findings.values())} can go or were not judged. Of {total} accesses replayed {denied} are denied."
    yield ""


def cures(modules: Sequence[Path]) -> Iterator[str]:
    """Yield what became of the accesses of each daemon."""
    counts = {}
    for module in modules:
        evidence = json.loads((module / "evidence.json").read_text("utf-8"))
        keys = {
            (*(one[k] for k in ("source", "target", "tclass", "perm")), one["cure"]) for one in evidence["accesses"]
        }
        counts[module.name] = Counter(key[-1] for key in keys)
    names = sorted({cure for one in counts.values() for cure in one})
    yield "Distinct accesses by cure (evidence.json):"
    yield ""
    yield from head("daemon", *names)
    for name, one in counts.items():
        yield row(name, *(one[cure] for cure in names))
    yield ""


def holdout(held: Json) -> Iterator[str]:
    """Yield what leaving each scenario out says."""
    if not held["daemons"]:
        yield f"Nothing held out: {held.get('reason', '')}"
        return
    yield "`policytool holdout TRACES`: the share of a scenario's distinct accesses that modules made of the others"
    yield "deny (weighted: by how often they were logged)."
    yield ""
    yield from head(
        "daemon", "scenarios", "held out", "denied, exact", "share", "weighted", "denied, robust", "share",
        "triples robust adds",
    )  # fmt: skip
    for one in held["daemons"]:
        exact, robust = one["exact"], one["robust"]
        yield row(
            one["daemon"], len(one["scenarios"]), exact["held_out"], exact["denied"], percent(exact["share"]),
            percent(exact["weighted_share"]), robust["denied"], percent(robust["share"]), one["added_triples"],
        )  # fmt: skip
    held_out, denied = (sum(one["exact"][key] for one in held["daemons"]) for key in ("held_out", "denied"))
    saved = denied - sum(one["robust"]["denied"] for one in held["daemons"])
    added = sum(one["added_triples"] for one in held["daemons"])
    yield ""
    yield f"Together: {denied} of {held_out} denied; `robust` saves {saved} of them with {added} triples."


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
    sys.exit(
        main(
            sys.argv[1:] or sorted(str(path.relative_to(ROOT)) for path in (ROOT / "traces" / "libvirt").iterdir())
        )
    )
