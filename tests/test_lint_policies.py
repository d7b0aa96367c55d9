# SPDX-License-Identifier: GPL-2.0-or-later
"""The community's checks: SELint passes what is written for any daemon, and finds what is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policytool.check.findings import ModuleSource, SourceFile
from policytool.generate.skeleton import skeleton
from policytool.generate.writers.fc import write_fc
from policytool.generate.writers.interface import write_interfaces
from policytool.generate.writers.m4_words import macro_words, undefine
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.context import SecurityContext
from policytool.model.daemon import Daemon
from policytool.model.module import FileContext, FileKind, Interface, InterfaceKind, OptionalBlock, PolicyModule
from policytool.model.observation import Observations
from policytool.model.paths import escaped
from policytool.model.rules import AllowRule, AllowXpermRule, DontauditRule, TypeDeclaration, TypeTransition
from policytool.toolchain.compile import Compiled, compile_refpolicy
from tests.synthetic import BASE

REPOSITORY = Path(__file__).resolve().parent.parent
LINT = REPOSITORY / ".ci" / "lint_policies.py"

TYPES = ("bin_t", "etc_t", "init_t", "init_runtime_t", "var_log_t", "var_run_t", "virt_runtime_t", "syslogd_t")
PERMS = ("append", "create", "getattr", "open", "read", "unlink", "write")
# Of files: some are macros of m4, of refpolicy, of an interface, and keywords of SELint.
NAMES = (
    "log",
    "interface",
    "template",
    "index",
    "dnl",
    "a.pid",
    "my_daemon.sock",
    "type_transition",
    "x-y",
    "read_file_perms",
)


def lint(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, LINT, *map(str, words)], capture_output=True, text=True, check=False)


@st.composite
def modules(draw: st.DrawFn) -> PolicyModule:
    """Draw a daemon, described by its name and paths, and some rules of every kind."""
    name = draw(st.from_regex(r"[a-z][a-z0-9]{1,8}d", fullmatch=True))
    paths = [
        f"/usr/sbin/{name}",
        *draw(st.lists(st.sampled_from([f"/opt/{part}/x" for part in NAMES if part != "dnl"]), unique=True)),
    ]
    daemon = Daemon.from_mapping(
        {"name": name, "summary": draw(st.sampled_from(["", "it's `a` daemon"])), "executables": paths}
    )
    plain = skeleton(daemon, build(Observations()), BASE, extends=False)
    domain, private = daemon.domain, f"{name}_conf_t"
    sources = st.sampled_from([domain, domain, domain, *TYPES])
    keys = draw(
        st.sets(
            st.tuples(sources, st.sampled_from([domain, private, *TYPES]), st.sampled_from(["file", "dir"])),
            max_size=12,
        )
    )
    perms = st.sets(st.sampled_from(PERMS), min_size=1).map(lambda found: tuple(sorted(found)))
    rules = [AllowRule(*key, draw(perms), reason="it's `drawn`") for key in sorted(keys) if domain in key[:2]]
    drawn = [
        TypeTransition(domain, target, "dir", private, one, "drawn")
        for target, one in sorted(
            draw(st.sets(st.tuples(st.sampled_from(TYPES), st.sampled_from(NAMES)), max_size=5))
        )
    ]
    optional = OptionalBlock(
        ("virtlogd_t",),
        (AllowRule(domain, "virtlogd_t", "dir", ("search",)),),
        transitions=(TypeTransition(domain, "virtlogd_t", "dir", private, draw(st.sampled_from(NAMES)), "drawn"),),
    )
    context = SecurityContext("system_u", "object_r", private, "s0")
    contexts = [FileContext(escaped(f"/srv/{one}") + "(/.*)?", FileKind.ANY, context) for one in NAMES]
    about = (domain, (private,), ("var_run_t",), ("files_search_etc",))
    files = [
        Interface(f"{name}_{kind.value}_config", kind, f"{kind.value} it", *about)
        for kind in (InterfaceKind.READ, InterfaceKind.MANAGE, InterfaceKind.ADMIN)
    ]
    return replace(
        plain,
        types=(*plain.types, TypeDeclaration(private, ("file_type",), "drawn")),
        transitions=(*plain.transitions, *drawn),
        rules=tuple(rules),
        xperm_rules=tuple(AllowXpermRule(*rule.sort_key, "read", (1, 2)) for rule in rules[:0]),
        optionals=(optional,) if draw(st.booleans()) else (),
        dontaudit_rules=(DontauditRule(domain, "etc_t", "file", ("write",), "drawn"),)
        if draw(st.booleans())
        else (),
        file_contexts=tuple(sorted((*plain.file_contexts, *contexts))),
        interfaces=(*plain.interfaces, *files),
    )


@pytest.mark.base
@settings(
    max_examples=3,  # SELint reads all headers at each, so that each has many modules
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(modules(), min_size=4, max_size=9, unique_by=lambda module: module.name))
def test_what_is_written_for_any_daemon_compiles_and_selint_says_nothing(made: list[PolicyModule]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for module in made:
            place = Path(name) / module.name
            texts = {".te": write_te(module), ".if": write_interfaces(module), ".fc": write_fc(module)}
            te, if_, fc = (SourceFile(f"{place}{suffix}", text) for suffix, text in texts.items())
            for suffix, text in texts.items():
                place.with_suffix(suffix).write_text(text)
            compiled = compile_refpolicy(ModuleSource(module.name, te=te, if_=if_, fc=fc))
            assert isinstance(compiled, Compiled), (compiled, texts[".te"])
            every = (*module.transitions, *(one for block in module.optionals for one in block.transitions))
            assert set(re.findall(r'typetransition .* "(.*)"', compiled.cil)) == {
                one.name for one in every if one.name
            }
            assert {entry.pattern for entry in module.file_contexts} == set(
                re.findall(r'filecon "(.*?)"', compiled.cil)
            )
        done = lint(name)
        if done.returncode:
            pytest.fail(done.stdout + done.stderr, pytrace=False)


@pytest.mark.base
def test_selint_finds_what_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "policies" / "virtvboxd", tmp_path / "virtvboxd")
    te = tmp_path / "virtvboxd" / "virtvboxd.te"
    for wrong, found in (
        ("allow virtvboxd_t etc_t:fiel read;", "E-008"),
        ('type_transition virtvboxd_t etc_t:dir virtvboxd_t "`x\'";', "F-001"),
    ):
        before = te.read_text()
        te.write_text(f"{before}\n{wrong}\n")
        done = lint(tmp_path)
        assert (done.returncode, found in done.stdout) == (1, True), done.stdout
        te.write_text(before)


@pytest.mark.base
def test_the_modules_pass() -> None:
    done = lint(REPOSITORY / "policies")
    assert done.returncode == 0, done.stdout


def test_a_name_with_a_word_of_the_rest_stays_in_quotes() -> None:
    lines, quoted = undefine(["log", "my_file", "gen_require", "index"], "gen_require(`x')")
    assert (lines, quoted) == (["undefine(`index')", "undefine(`my_file')"], frozenset({"gen_require"}))
    assert undefine(["interface"], "")[0] == ["undefine(`i'nterface) #selint-disable:W-007"]


@pytest.mark.base
def test_every_macro_without_an_underscore_is_known() -> None:
    folder = Path("/usr/share/selinux/devel/include")
    defined = set()
    for path in (*folder.glob("support/*.spt"), *folder.glob("*/*.if")):
        text = path.read_text()
        defined |= set(re.findall(r"^\s*define\(`(\w+)'", text, re.MULTILINE))
        defined |= set(re.findall(r"^(?:interface|template)\(`(\w+)'", text, re.MULTILINE))
    assert len(defined) > 5000
    assert [name for name in sorted(defined) if not macro_words(name)] == []
