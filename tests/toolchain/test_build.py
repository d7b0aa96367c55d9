# SPDX-License-Identifier: GPL-2.0-or-later
"""The tiny modules of tests/policies through the real compilers.

Most are linked with the small base of tests/conftest.py.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from policytool.check.findings import Severity
from policytool.errors import InputError, MissingToolError, UsageError
from policytool.toolchain.base import Base, base_cil, find_base
from policytool.toolchain.build import build
from policytool.toolchain.cache import Cache
from policytool.toolchain.link import Linked, LinkFailed, link, newest_version

pytestmark = pytest.mark.base

TOGETHER = ("good_te", "neighbour_te", "cil_good")


def places(policies: Path, base: Base, *names: str, outline: bool = False) -> list[tuple[str, str, int]]:
    result = build([policies / name for name in names], base, outline=outline)
    return [(finding.id, Path(finding.file).name, finding.line) for finding in result.findings]


PLACES: list[tuple[str, list[tuple[str, str, int]]]] = [
    ("optional_missing", [("W-optional-off", "optional_missing.te", 6)]),
    ("cil_good", []),
    ("syntax_error", [("E-compile", "syntax_error.te", 4)]),
    ("unknown_interface", [("E-compile", "unknown_interface.te", 5)]),
    ("unclosed_quote", [("E-compile", "unclosed_quote.te", 5)]),
    ("unknown_type", [("E-compile", "unknown_type.te", 5)]),
    ("unresolved_type", [("E-link", "unresolved_type.te", 4), ("E-link", "unresolved_type.te", 5)]),
    ("neverallow_violation", [("E-neverallow", "neverallow_violation.te", 11)]),
    ("duplicate_type", [("E-duplicate", "duplicate_type.te", 4)]),
    ("conflicting_transition", [("E-link", "conflicting_transition.te", 9)]),
    (
        "lints",
        [
            ("W-version", "lints.te", 1),
            ("W-unused-type", "lints.te", 4),
            ("W-permissive", "lints.te", 6),
            ("W-memory", "lints.te", 7),
            # A comment disables these; they stay on the list, with its reason.
            ("W-unused-type", "lints.te", 10),
            ("W-memory", "lints.te", 11),
        ],
    ),
    ("wrong_name", [("E-name", "wrong_name.te", 1)]),
    ("virt", [("E-name", "virt.te", 0)]),
    ("cil_unresolved", [("E-link", "cil_unresolved.cil", 4)]),
    ("cil_neverallow", [("E-neverallow", "cil_neverallow.cil", 5)]),
    ("cil_syntax", [("E-compile", "cil_syntax.cil", 3)]),
    ("cil_keyword", [("E-compile", "cil_keyword.cil", 2)]),
]


@pytest.mark.parametrize(("name", "expected"), PLACES)
@pytest.mark.parametrize("outline", [False, True])
def test_findings_and_their_places(
    policies: Path, small_base: Base, name: str, expected: list[tuple[str, str, int]], outline: bool
) -> None:
    assert places(policies, small_base, name, outline=outline) == expected


def test_file_contexts_are_held_against_those_of_the_whole_base(policies: Path, base: Base) -> None:
    assert places(policies, base, "bad_filecon") == [
        ("E-filecon", "bad_filecon.fc", 2),
        ("E-filecon", "bad_filecon.fc", 3),
        ("W-filecon-shadowed", "bad_filecon.fc", 4),
        ("W-filecon-shadowed", "bad_filecon.fc", 4),
        ("W-filecon-repeated", "bad_filecon.fc", 5),
    ]


def test_modules_link_together_and_see_each_others_interfaces(policies: Path, base: Base) -> None:
    result = build([policies / name for name in TOGETHER], base)
    assert result.findings == ()
    assert [module.source.name for module in result.formats[0].modules] == ["cil_good", "good_te", "neighbour_te"]
    assert len(result.formats) == 1
    assert result.linked
    contexts = result.linked.file_contexts.read_text()
    assert "/usr/sbin/good_te\t--\tsystem_u:object_r:good_te_exec_t:s0" in contexts


def test_both_forms_of_a_module_are_linked(policies: Path, small_base: Base) -> None:
    result = build([policies / "both"], small_base)
    assert [(build.format.value, isinstance(build.result, Linked)) for build in result.formats] == [
        ("cil", True),
        ("refpolicy", True),
    ]
    assert result.findings == ()


def test_folder_of_folders(policies: Path, small_base: Base, tmp_path: Path) -> None:
    for name in TOGETHER:
        shutil.copytree(policies / name, tmp_path / name)
    assert build([tmp_path], small_base).findings == ()


def test_same_name_twice(policies: Path, small_base: Base, tmp_path: Path) -> None:
    shutil.copytree(policies / "syntax_error", tmp_path / "again")
    (tmp_path / "again" / "syntax_error.te").write_text("policy_module(syntax_error, 1.0.0)\n")
    found = build([policies / "syntax_error", tmp_path / "again"], small_base).findings
    assert ("E-name", "there are two modules syntax_error; this one was not checked") in {
        (finding.id, finding.message) for finding in found
    }


def test_a_module_under_check_runs_no_program(policies: Path, small_base: Base) -> None:
    assert ("E-compile", "runs_a_program.te", 4) in places(policies, small_base, "runs_a_program")


def test_error_in_a_neighbours_interfaces_is_told_at_its_own_place(
    policies: Path, small_base: Base, tmp_path: Path
) -> None:
    (tmp_path / "other.te").write_text("policy_module(other, 1.0.0)\n")
    (tmp_path / "other.if").write_text("interface(`other_x',`\n")
    found = build([policies / "optional_missing", tmp_path], small_base).findings
    assert {(finding.id, finding.file) for finding in found} == {("E-compile", str(tmp_path / "other.if"))}


def test_folder_without_modules(base: Base, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no policy module"):
        build([tmp_path], base)


def test_identical_link_is_answered_from_the_cache(small_base: Base) -> None:
    assert link(small_base, {}) == link(small_base, {})


def test_what_passed_the_checks_is_what_comes_without_them(small_base: Base, tmp_path: Path) -> None:
    module = {"more": "(type more_t)(allow more_t self (file (read)))"}
    first, second = Cache(tmp_path / "first"), Cache(tmp_path / "second")
    checked = link(small_base, module, cache=first)
    assert link(small_base, module, neverallow=False, cache=first) == checked
    apart = link(small_base, module, neverallow=False, cache=second)
    assert isinstance(checked, Linked)
    assert isinstance(apart, Linked)
    assert apart.policy.read_bytes() == checked.policy.read_bytes()
    assert apart.file_contexts.read_bytes() == checked.file_contexts.read_bytes()


def test_what_a_check_refused_still_links_without_it(small_base: Base, tmp_path: Path) -> None:
    module = {"worse": "(type a_t)(type b_t)(neverallow a_t b_t (file (read)))(allow a_t b_t (file (read)))"}
    cache = Cache(tmp_path)
    assert isinstance(link(small_base, module, cache=cache), LinkFailed)
    assert isinstance(link(small_base, module, neverallow=False, cache=cache), Linked)


def test_policy_version_is_what_was_asked_for(small_base: Base) -> None:
    result = link(small_base, {}, policy_version=31, neverallow=False)
    assert isinstance(result, Linked)
    policy = result.policy.read_bytes()
    # struct of policydb_write: magic, length, "SE Linux", version
    assert int.from_bytes(policy[16:20], "little") == 31


def test_policy_version_that_secilc_cannot_write(base: Base) -> None:
    with pytest.raises(UsageError, match=f"15 to {newest_version()}"):
        link(base, {}, policy_version=99)


def test_compiled_policy_can_be_a_base_but_not_be_linked(small_base: Base) -> None:
    result = link(small_base, {})
    assert isinstance(result, Linked)
    compiled = find_base(result.policy)
    assert compiled.compiled
    with pytest.raises(InputError, match="compiled policy"):
        link(compiled, {"x": "(type x_t)"})


def test_missing_compiler_names_its_package(policies: Path, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match="apt install"):
        build([policies / "good_te"], base)


@pytest.fixture(scope="module")
def violating_base(small_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """Make a base that breaks a neverallow rule of its own, in more places than secilc prints."""
    folder = tmp_path_factory.mktemp("violating")
    for path in base_cil(small_base):
        shutil.copy(path, folder)
    rules = ["(typeattribute reads_shadow)(allow reads_shadow shadow_t (file (read)))"]
    rules += [f"(type breaks{n}_t)(allow breaks{n}_t shadow_t (file (write)))" for n in range(9)]
    (folder / "violates.cil").write_text("\n".join(rules))
    return find_base(folder)


def test_what_the_base_breaks_itself_is_no_finding(policies: Path, violating_base: Base) -> None:
    built = build([policies / "cil_good"], violating_base)
    assert built.linked is not None
    assert [finding.id for finding in built.findings if finding.severity is Severity.ERROR] == []
    assert built.of_base
    assert {failure.module for failure in built.of_base} == {"violates"}


def test_what_a_module_breaks_is_told_apart_from_what_the_base_breaks(violating_base: Base, tmp_path: Path) -> None:
    (tmp_path / "own.cil").write_text("(type own_t)(allow own_t shadow_t (file (write)))")
    built = build([tmp_path], violating_base)
    assert built.linked is None
    assert {finding.module for finding in built.findings if finding.id == "E-neverallow"} == {"own"}
    assert {failure.module for failure in built.of_base} == {"violates"}


def test_a_module_makes_the_base_break_a_rule_by_an_attribute(violating_base: Base) -> None:
    result = link(violating_base, {"own": "(type own_t)(typeattributeset reads_shadow own_t)"})
    assert isinstance(result, LinkFailed)
    assert {(failure.module, failure.statement) for failure in result.failures} == {
        ("violates", "(allow reads_shadow shadow_t (file (read)))")
    }


def test_every_unknown_name_is_told_in_one_run_with_the_nearest(policies: Path, small_base: Base) -> None:
    found = build([policies / "unknown_names"], small_base).findings
    assert [(finding.line, finding.id, finding.message.split(" at ")[0]) for finding in found] == [
        (7, "E-link", "etcc_t is required, but neither the base nor the modules declare it"),
        (10, "E-compile", "syntax error"),
        (11, "E-compile", "unknown type nosuch_t"),
        (12, "E-compile", "unknown class fille"),
        (13, "E-compile", "permission reed is not defined for class file"),
        (14, "E-compile", "syntax error"),
        (17, "E-compile", "attribute nosuch_attribute is not declared"),
        (18, "E-compile", "unknown type usr_t"),
    ]
    hints = {finding.line: finding.hint for finding in found}
    assert "the nearest is etc_t, of the module base" in hints[7]
    assert "the nearest is files_read_etc_files, of the module files" in hints[10]
    assert "the nearest is file, of the module base" in hints[12]
    assert "the nearest is corecmd_exec_bin, of the module corecommands" in hints[14]
    assert "name it in gen_require(`type usr_t...'): the module base declares it" in hints[18]


def test_a_plain_module_statement_is_named_as_the_reason(policies: Path, small_base: Base) -> None:
    (finding,) = build([policies / "plain_module"], small_base).findings
    assert finding.message.startswith("unknown class file")
    assert "begin with policy_module(NAME, VERSION)" in finding.hint


def test_a_file_context_of_an_unknown_type_names_it(policies: Path, small_base: Base) -> None:
    (finding,) = build([policies / "unknown_filecon"], small_base).findings
    assert (finding.id, Path(finding.file).name, finding.line) == ("E-filecon", "unknown_filecon.fc", 2)
    assert "not declared: unknown_filecan_t" in finding.message
    assert finding.hint == "the nearest is unknown_filecon_t, of the module unknown_filecon"


OPTIONAL = """policy_module(off, 1.0.0)
type off_t;
domain_type(off_t)
optional_policy(`
	gen_require(`type nosuch_t;')
	allow off_t nosuch_t:file read;
')
optional_policy(`
	gen_require(`type etc_t;')
	allow off_t etc_t:file read;
')
optional_policy(`
	gen_require(`type nosuch_t, etc_t;')
	allow off_t nosuch_t:file write;
')
"""


def test_optional_blocks_that_are_off_are_told_once_a_name(small_base: Base, tmp_path: Path) -> None:
    (tmp_path / "off.te").write_text(OPTIONAL)
    built = build([tmp_path], small_base)
    assert built.linked is not None
    assert [(finding.id, finding.line, finding.message) for finding in built.findings] == [
        (
            "W-optional-off",
            4,
            "this optional block and 1 more are not in force: neither the base nor the modules declare nosuch_t",
        )
    ]


def test_a_package_is_read(policies: Path, small_base: Base, tmp_path: Path) -> None:
    # The one that `check` of the public report nix.te was about: synthetic, compiled with checkmodule.
    package = tmp_path / "nix.pp"
    shutil.copy(policies / "nix.pp", package)
    for given in (package, tmp_path):
        (finding,) = build([given], small_base).findings
        assert (finding.id, finding.file, finding.line) == ("E-link", str(package), 0)
        assert finding.message == "nosuchthing_t is required, but neither the base nor the modules declare it"


def test_a_file_that_is_no_package(small_base: Base, tmp_path: Path) -> None:
    (tmp_path / "bad.pp").write_bytes(b"no package")
    with pytest.raises(InputError, match=r"bad\.pp is no policy package"):
        build([tmp_path / "bad.pp"], small_base)
