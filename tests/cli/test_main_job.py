# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job through the command line: generate, check, replay, explain, compare, report.

It is done with a small base; the commands of the tutorial (test_doc_commands) do it with the whole one.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from policytool.report.page.budget_curve import read_curve
from policytool.toolchain.base import Base
from tests.cli.run_policytool import REPOSITORY, policytool

LOG = Path(__file__).parent / "synthetic.log"

pytestmark = pytest.mark.base


@pytest.fixture(scope="session")
def small(small_base: Base) -> tuple[str, str]:
    """Return the option that names the small base."""
    return "--base", str(small_base.path)


@pytest.fixture(scope="module")
def greeter(small: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the module of a daemon that neither the base nor policytool knows."""
    out = tmp_path_factory.mktemp("modules")
    done = policytool("generate", LOG, "-d", "greeterd_t", "-o", out, "--format", "both", "--json", *small)
    assert done.returncode == 0, done.stderr
    (module,) = json.loads(done.stdout)["modules"]
    assert module["accesses"]["allow"] == 5
    assert "no recording in complete mode" in done.stderr
    return out


def test_generate_check_replay(greeter: Path, small: tuple[str, str]) -> None:
    names = sorted(path.name for path in (greeter / "greeterd").iterdir())
    assert names == ["evidence.json", "greeterd.cil", "greeterd.fc", "greeterd.if", "greeterd.te"]
    checked = policytool("check", *small, greeter, "--json")
    assert checked.returncode == 0, checked.stdout
    document = json.loads(checked.stdout)
    assert document["formats"] == ["cil", "refpolicy"]
    assert document["modules"] == ["greeterd"]
    replayed = policytool("replay", *small, LOG, "--module", greeter, "--json")
    assert replayed.returncode == 0, replayed.stdout
    assert json.loads(replayed.stdout)["counts"] == {"allowed": 5, "refused": 0, "denied": 0, "unmapped": 0}


def test_a_permission_taken_out_by_hand_is_named(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    cut = tmp_path / "greeterd"
    cut.mkdir()
    text = (greeter / "greeterd" / "greeterd.te").read_text()
    (cut / "greeterd.te").write_text(text.replace("allow greeterd_t etc_t:file { open read };", ""))
    done = policytool("replay", *small, LOG, "--module", tmp_path, "-d", "greeterd_t", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    denied = [access for access in document["accesses"] if access["verdict"] == "denied"]
    assert [(access["target"], access["tclass"], access["perm"]) for access in denied] == [
        ("etc_t", "file", "open"),
        ("etc_t", "file", "read"),
    ]
    assert {access["cause"] for access in denied} == {"denied: no rule"}
    assert denied[0]["uses"][0]["path"] == "/etc/motd"
    assert "denied" in policytool("replay", *small, LOG, "--module", tmp_path, "-d", "greeterd_t").stdout


def test_a_name_that_m4_would_run_is_refused(small: tuple[str, str], tmp_path: Path) -> None:
    text = LOG.read_bytes().replace(b"greeterd_t", b"dnl_t")
    done = policytool("generate", *small, "-", "-d", "dnl_t", "-o", tmp_path, stdin=text)
    assert done.returncode == 2
    assert "macro of m4" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_unknown_types_are_unmapped_and_no_failure(small: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "other.cil").write_text("(type other_t)\n(roletype system_r other_t)\n")
    done = policytool("replay", *small, LOG, "--module", tmp_path, "-d", "greeterd_t", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["unmapped"] == 5


def test_replay_lists_what_is_denied_and_says_how_to_list_the_rest(small: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "other.cil").write_text("(type other_t)\n(roletype system_r other_t)\n")
    done = policytool("replay", *small, LOG, "--module", tmp_path, "-d", "greeterd_t")
    assert done.stdout == "5 accesses replayed: 0 allowed, 0 refused, 0 denied, 5 unmapped\n"
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("5 unmapped, such as ")]
    words = shlex.split(line.partition("; all: ")[2])
    every = policytool(*words[1:])
    rows = [row for row in every.stdout.splitlines() if row.startswith("unmapped ")]
    assert len(rows) == 5
    assert "such as" not in every.stderr


def test_a_syntax_error_is_a_finding_with_its_line(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    broken = tmp_path / "greeterd"
    broken.mkdir()
    lines = (greeter / "greeterd" / "greeterd.te").read_text().splitlines()
    number = next(index for index, line in enumerate(lines) if line.startswith("allow")) + 1
    lines[number - 1] = "allow greeterd_t nonsense"
    (broken / "greeterd.te").write_text("\n".join(lines) + "\n")
    done = policytool("check", *small, tmp_path)
    assert done.returncode == 1
    # The parser sees it at the next statement, behind the comment above that.
    near = "|".join(str(number + lines) for lines in range(10))
    assert re.search(rf"greeterd\.te:({near}): E-compile", done.stdout)
    assert policytool("replay", *small, LOG, "--module", tmp_path).returncode == 3, (
        "what does not compile is not replayed"
    )


def test_explain_gives_the_evidence(greeter: Path) -> None:
    done = policytool("explain", "allow greeterd_t etc_t:file { read };", greeter)
    assert done.returncode == 0
    assert "/etc/motd" in done.stdout
    document = json.loads(policytool("explain", "greeterd_t *:*", greeter, "--json").stdout)
    assert len(document["accesses"]) == 4
    assert policytool("explain", "greeterd_t shadow_t:file read", greeter).returncode == 1


def test_explain_lists_what_one_scenario_alone_shows(small: tuple[str, str], greeter: Path, tmp_path: Path) -> None:
    assert policytool("explain", "* *:*", greeter, "--once").returncode == 3, "of one log all is seen in one"
    log = LOG.read_text()
    for name in ("synthetic-life.log", "synthetic-wrong.log"):
        (tmp_path / name).write_text(log)
    line = next(line for line in log.splitlines() if "{ read open }" in line).replace("{ read open }", "{ append }")
    (tmp_path / "synthetic-wrong.log").write_text(f"{log}{line.replace('1.200:11', '9.900:99')}\n")
    made = tmp_path / "made"
    done = policytool("generate", *sorted(tmp_path.glob("*.log")), "-d", "greeterd_t", "-o", made, *small)
    assert done.returncode == 0, done.stderr
    once = policytool("explain", "* *:*", made, "--once")
    assert once.returncode == 0, once.stderr
    assert once.stdout.startswith("synthetic-wrong.log\n  ")
    assert "append" in once.stdout
    (found,) = json.loads(policytool("explain", "* *:*", made, "--once", "--json").stdout)["accesses"]
    assert (found["scenarios"], found["of_scenarios"], found["recordings"]) == (1, 2, 1)
    assert (found["perm"], found["only"], found["wrong_input"]) == ("append", ["synthetic-wrong.log"], False)
    text = (made / "greeterd" / "greeterd.te").read_text()
    assert "seen 5 times in 2 of 2 scenarios, 2 recordings, since 2023-11-14:" in text
    assert "append: seen in synthetic-wrong.log alone" in text
    assert policytool("explain", "* *:* open", made, "--once").returncode == 1


def test_compare_and_growth(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    grown = tmp_path / "greeterd"
    grown.mkdir()
    for path in (greeter / "greeterd").iterdir():
        (grown / path.name).write_text(path.read_text())
    (grown / "greeterd.cil").unlink()
    with (grown / "greeterd.te").open("a") as stream:
        stream.write("gen_require(`\n\ttype shadow_t;\n\tattribute can_read_shadow_passwords;\n')\n")
        stream.write("typeattribute greeterd_t can_read_shadow_passwords;\nallow greeterd_t shadow_t:file read;\n")
    same = policytool("compare", *small, greeter, greeter, "--baseline", "virtd_t", "--fail-on", "growth", "--json")
    assert same.returncode == 0, same.stderr
    more = policytool("compare", *small, greeter, grown, "--baseline", "virtd_t", "--fail-on", "growth", "--json")
    assert more.returncode == 1, more.stderr
    document = json.loads(more.stdout)
    assert document["changes"][0]["changes"][-1]["added"] == ["read"]
    rows = {(row["domain"], row["policy"]): row for row in document["rows"]}
    before, after = rows["greeterd_t", str(greeter)], rows["greeterd_t", str(grown)]
    assert after["triples"]["stored"] == before["triples"]["stored"] + 1


def test_report_sets_the_same_work_side_by_side(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    logs = []
    for side, domain in (("alone", "virtd_t"), ("together", "virtqemud_t")):
        log = tmp_path / side / "synthetic-list.log"
        log.parent.mkdir()
        log.write_text(
            'type=AVC msg=audit(1700000000.000:1): avc:  granted  { read } for  pid=1 comm="x" name="y" dev="vda1"'
            f" ino=1 scontext=system_u:system_r:{domain}:s0 tcontext=system_u:object_r:etc_t:s0 tclass=file\n"
        )
        logs.append(log)
    out = ("-o", tmp_path / "report.html")
    done = policytool("report", *small, greeter, *out, "--monolith", logs[0], "--trace", logs[1])
    assert done.returncode == 0, done.stderr
    page = out[1].read_text()
    assert "The same work in one domain" in page
    assert "synthetic-list" in page
    half = policytool("report", *small, greeter, *out, "--monolith", logs[0])
    assert (half.returncode, "--monolith and --trace go together" in half.stderr) == (2, True)
    other = policytool("report", *small, greeter, *out, "--monolith", logs[0], "--trace", LOG)
    assert (other.returncode, "no scenario in which libvirtd was recorded" in other.stderr) == (3, True)


def test_report_is_one_page_that_asks_for_nothing(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    proof = ("--enforcement", REPOSITORY / "docs" / "enforcement.json")
    out = ("-o", tmp_path / "report.html", "--figures", tmp_path / "figures")
    wrong = policytool("report", *small, greeter, *out, "--holdout", proof[1])
    assert (wrong.returncode, "not what holdout --json prints" in wrong.stderr) == (3, True)
    held = tmp_path / "synthetic-holdout.json"
    budget = {"share": 0.15, "added_triples": 2.0, "saved": 1}
    held.write_text(json.dumps({"daemons": [{"exact": {"denied": 4, "scenarios": [{}]}, "budgets": [budget]}]}))
    done = policytool("report", *small, greeter, *out, *proof, "--holdout", held)
    assert done.returncode == 0, done.stderr
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {
        "surface.svg",
        "surface.png",
        "reach.svg",
        "budget.svg",
        "graph-greeterd.svg",
        "graph-greeterd.png",
    } <= drawn
    page = (tmp_path / "report.html").read_text()
    assert "greeterd_t" in page
    assert 'id="surface"' in page
    assert "2 permissions save 1 denials" in page
    assert "0 of the 1 modules here have the evidence" in page
    assert not re.search(r'(src|href)="(?!#)', page)


def test_growth_is_also_a_permissive_domain_and_a_rule_for_somebody_else(
    greeter: Path, small: tuple[str, str], tmp_path: Path
) -> None:
    new = tmp_path / "greeterd"
    new.mkdir()
    text = (greeter / "greeterd" / "greeterd.te").read_text()
    extra = "gen_require(`\n\ttype udev_t;\n')\npermissive greeterd_t;\nallow udev_t etc_t:file write;\n"
    (new / "greeterd.te").write_text(text + extra)
    done = policytool(
        "compare", *small, greeter, tmp_path, "--baseline", "virtd_t", "--fail-on", "growth", "--json"
    )
    assert done.returncode == 1, done.stderr
    changes = {change["after"]: change for change in json.loads(done.stdout)["changes"]}
    assert (changes["greeterd_t"]["permissive"], changes["greeterd_t"]["added"]) == (True, 0)
    assert changes["udev_t"]["changes"] == [{"target": "etc_t", "class": "file", "added": ["write"], "removed": []}]


def test_a_module_without_evidence_is_replayed_beside_one_that_has_it(
    greeter: Path, small: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "greeterd").symlink_to(greeter / "greeterd")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "bare.cil").write_text(
        "(type bare_t)\n(roletype system_r bare_t)\n(typeattributeset domain (bare_t))\n"
        "(type bare_exec_t)\n(roletype object_r bare_exec_t)\n"
    )
    text = LOG.read_bytes() + LOG.read_bytes().replace(b"greeterd", b"bare").replace(b"init_t", b"udev_t")
    done = policytool("replay", *small, "-", "--module", tmp_path, "--json", stdin=text)
    assert done.returncode == 1, done.stdout + done.stderr
    denied = {(access["source"], access["target"]) for access in json.loads(done.stdout)["accesses"]}
    assert ("bare_t", "etc_t") in denied
    assert ("udev_t", "bare_t") in denied


def test_an_access_that_no_trace_had_fails_the_gate(greeter: Path, small: tuple[str, str]) -> None:
    words = ("replay", *small, "-", "--module", greeter, "--fail-on", "new")
    done = policytool(*words, stdin=LOG.read_bytes())
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("0 accesses that no trace had\n")
    denial = next(line for line in LOG.read_bytes().splitlines(keepends=True) if b"etc_t" in line)
    # Synthetic: the same record with another class, of another event.
    strange = denial.replace(b"tclass=file", b"tclass=lnk_file").replace(b":11)", b":99)")
    done = policytool(*words, "--json", stdin=LOG.read_bytes() + strange)
    assert done.returncode == 1, done.stdout
    new = json.loads(done.stdout)["new"]
    assert {(access["source"], access["target"], access["tclass"]) for access in new} == {
        ("greeterd_t", "etc_t", "lnk_file")
    }


def test_what_is_new_needs_evidence(small: tuple[str, str], tmp_path: Path) -> None:
    done = policytool("replay", *small, LOG, "--policy", tmp_path, "--fail-on", "new")
    assert done.returncode == 2
    assert "--fail-on new asks for the evidence" in done.stderr


def test_a_replay_of_nothing_is_no_success(greeter: Path, small: tuple[str, str]) -> None:
    for words, log in (((), b""), (("-d", "udev_t"), LOG.read_bytes())):
        done = policytool("replay", *small, "-", "--module", greeter, *words, stdin=log)
        assert done.returncode == 3, done.stdout
        assert "nothing to replay" in done.stderr


def test_a_hostile_evidence_file_reaches_no_terminal(greeter: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "greeterd"
    hostile.mkdir()
    for path in (greeter / "greeterd").iterdir():
        text = path.read_text()
        if path.name == "evidence.json":
            text = text.replace('"module": "greeterd"', '"module": "\\u001b[31m"')
            text = text.replace('"cure": "allow"', '"cure": "allow", "reason": "\\u001b[31m"')
        (hostile / path.name).write_text(text)
    done = policytool("explain", "*  *:*", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    missing = policytool("access", "/no/\x1b[31msuch")
    assert (missing.returncode, "\x1b" in missing.stderr) == (3, False)


def test_a_rule_too_many_is_found_with_its_line(greeter: Path, small: tuple[str, str], tmp_path: Path) -> None:
    exact = policytool("replay", *small, LOG, "--module", greeter, "--irreducible", "--json")
    assert exact.returncode == 0, exact.stdout + exact.stderr
    proof = json.loads(exact.stdout)["irreducible"]
    assert proof["counts"]["needed"] == 5
    assert proof["findings"] == []
    (surface,) = proof["surfaces"]
    assert (surface["domain"], surface["excess"]) == ("greeterd_t", 0)
    assert surface["triples"] == surface["floor"] + surface["used"]
    assert {exempted["attribute"] for exempted in proof["exempt"][0]["attributes"]} >= {"domain", "entry_type"}
    more = tmp_path / "greeterd"
    more.mkdir()
    for path in (greeter / "greeterd").iterdir():
        if path.suffix != ".cil":
            (more / path.name).write_text(path.read_text())
    text = (more / "greeterd.te").read_text()
    wider = text.replace("etc_t:file { open read };", "etc_t:file { open read write };")
    assert wider != text
    line = next(n for n, text in enumerate(wider.splitlines(), 1) if "open read write" in text)
    (more / "greeterd.te").write_text(wider)
    done = policytool("replay", *small, LOG, "--module", tmp_path, "--irreducible", "--json")
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)["irreducible"]
    (finding,) = document["findings"]
    assert (finding["target"], finding["perm"], finding["line"]) == ("etc_t", "write", line)
    assert finding["standing"] == "nothing seen asks for it"
    assert document["surfaces"][0]["excess_triples"] == [{"target": "etc_t", "class": "file", "perms": ["write"]}]
    shown = policytool("replay", *small, LOG, "--module", tmp_path, "--irreducible")
    assert re.search(rf"greeterd\.te:{line} +allow greeterd_t etc_t:file +write", shown.stdout)
    compared = policytool("compare", *small, tmp_path, "--baseline", "virtd_t", "--json")
    rows = {row["domain"]: row for row in json.loads(compared.stdout)["rows"]}
    assert (rows["greeterd_t"]["used"], rows["greeterd_t"]["excess"]) == (surface["used"], 1)


def test_irreducible_is_about_modules(greeter: Path, small: tuple[str, str]) -> None:
    done = policytool("replay", *small, LOG, "--policy", greeter, "--irreducible")
    assert done.returncode == 2
    assert "--module" in done.stderr


def test_robust_names_what_was_not_seen(small: tuple[str, str], tmp_path: Path) -> None:
    words = ("-d", "greeterd_t", "-o", tmp_path, "--profile", "robust")
    done = policytool("generate", *small, LOG, *words, "--json", "--like", "init_t", "--budget", "3")
    assert done.returncode == 0, done.stderr
    (module,) = json.loads(done.stdout)["modules"]
    assert module["profile"] == "robust"
    assert sum(module["not_seen"].values()) == len(module["added"]) == 3
    assert all(0 < likely["chance"] <= 1 and likely["reason"] for likely in module["added"])
    assert [likely["chance"] for likely in module["added"]] == sorted(
        (likely["chance"] for likely in module["added"]), reverse=True
    )
    text = (tmp_path / "greeterd" / "greeterd.te").read_text()
    assert text.count("# not seen: ") >= 1
    assert policytool("check", *small, tmp_path).returncode == 0
    told = policytool("generate", *small, LOG, *words, "--explain-robust", "--confidence", "1")
    assert told.returncode == 0, told.stderr
    assert "less likely than was asked for" in told.stdout
    assert "# not seen: " not in (tmp_path / "greeterd" / "greeterd.te").read_text()


def test_what_is_about_robust_needs_it(small: tuple[str, str], tmp_path: Path) -> None:
    done = policytool("generate", *small, LOG, "-d", "greeterd_t", "-o", tmp_path, "--budget", "3")
    assert done.returncode == 2
    assert "--profile robust" in done.stderr


def test_holdout_tells_one_scenario_from_two(small: tuple[str, str], tmp_path: Path) -> None:
    alone = policytool("holdout", *small, LOG, "-d", "greeterd_t")
    assert alone.returncode == 3
    assert "1 scenario: synthetic.log; to leave one out takes two" in alone.stderr
    (tmp_path / "other.log").write_bytes(LOG.read_bytes().replace(b"{ read open }", b"{ read append }"))
    plot = tmp_path / "plot.svg"
    done = policytool("holdout", *small, LOG, tmp_path / "other.log", "-d", "greeterd_t", "--plot", plot, "--json")
    assert done.returncode == 0, done.stderr
    (daemon,) = json.loads(done.stdout)["daemons"]
    assert daemon["scenarios"] == ["other.log", "synthetic.log"]
    assert read_curve(done.stdout).denied == daemon["exact"]["denied"]
    assert (
        daemon["exact"]["denied"] == sum(len(scenario["denied"]) for scenario in daemon["exact"]["scenarios"]) > 0
    )
    assert daemon["saturation"][0] == 0
    assert plot.read_text().startswith("<svg ")
    learn = tmp_path / "chances.tsv"
    text = policytool("holdout", *small, LOG, tmp_path / "other.log", "-d", "greeterd_t", "--learn", learn)
    assert "alone\t" in learn.read_text()
    assert "greeterd: most is missed without" in text.stdout
