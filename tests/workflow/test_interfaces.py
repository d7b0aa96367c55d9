# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from policytool.errors import UsageError
from policytool.model.profile import ModuleFormat, Profile
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.decide import Decider
from policytool.policy.more_granted import more_granted
from policytool.policy.needed_rules import Standing
from policytool.toolchain.base import Base
from policytool.toolchain.build import build
from policytool.toolchain.link import Linked, link_or_fail
from policytool.workflow.generate import generate_modules
from policytool.workflow.module_set import ModuleSet
from policytool.workflow.prove import prove_irreducible
from tests.synthetic import observations, vector

pytestmark = pytest.mark.base

SEEN = observations(
    vector("init_t", "greeterd_t", "process", "transition"),
    vector("greeterd_t", "greeterd_exec_t", "file", "entrypoint", path="/usr/sbin/greeterd"),
    *(
        vector("greeterd_t", "etc_t", "file", perm, path="/etc/greeting")
        for perm in ("getattr", "lock", "open", "read")
    ),
    vector("greeterd_t", "etc_t", "lnk_file", "read", path="/etc/greeting.d"),
    vector("greeterd_t", "proc_t", "filesystem", "getattr"),
    vector("greeterd_t", "init_t", "fd", "use"),
    vector("greeterd_t", "greeterd_t", "process", "execmem"),
)


def test_a_module_in_refpolicys_words_allows_what_was_seen_and_what_it_says(
    virt_base: Base, tmp_path: Path
) -> None:
    (made,) = generate_modules(SEEN, (), ["greeterd_t"], virt_base, profile=Profile.INTERFACES, price=0.6)
    (exact,) = generate_modules(SEEN, (), ["greeterd_t"], virt_base, profile=Profile.EXACT)
    assert made.form
    assert {call.macro for call in made.form.module.calls} >= {"kernel_getattr_proc", "init_use_fds"}
    files, exact_files = made.files(ModuleFormat.BOTH), exact.files(ModuleFormat.BOTH)
    assert {name for name in files if files[name] != exact_files[name]} == {"greeterd.te"}
    assert "allow greeterd_t proc_t:filesystem" not in files["greeterd.te"]
    for name, text in files.items():
        if not name.endswith(".cil"):
            (tmp_path / name).write_text(text)
    built = build([tmp_path], virt_base)
    assert built.linked
    after = CompiledPolicy(built.linked.policy)
    before = CompiledPolicy(link_or_fail(virt_base, {"greeterd": files["greeterd.cil"]}, "no link").policy)
    assert more_granted(before, after) == made.form.excess
    assert more_granted(after, before) == frozenset()
    with Decider(after) as decider:
        denied = {v.perm for v in SEEN.vectors if not decider.decide(v).allowed}
    assert denied == {"execmem"}, "refused, and no interface may bring it"


def test_without_a_price_both_forms_allow_the_same(virt_base: Base, tmp_path: Path) -> None:
    (made,) = generate_modules(SEEN, (), ["greeterd_t"], virt_base)
    assert made.form
    assert made.form.excess == frozenset()
    calls = {call.macro for call in made.form.module.calls}
    assert calls >= {"kernel_getattr_proc", "init_use_fds"}
    for name, text in made.files(ModuleFormat.BOTH).items():
        (tmp_path / name).write_text(text)
    built = build([tmp_path], virt_base)
    cil, refpolicy = (CompiledPolicy(of.result.policy) for of in built.formats if isinstance(of.result, Linked))
    assert more_granted(cil, refpolicy) == more_granted(refpolicy, cil) == frozenset()


SPOKEN = """policy_module(greeterd, 1.0.0)
gen_require(`
	attribute domain, file_type;
	type init_t, var_run_t;
	role system_r;
')
type greeterd_t, domain;
type greeterd_runtime_t, file_type;
role system_r types greeterd_t;
files_runtime_filetrans(greeterd_t, greeterd_runtime_t, file, "greeterd.pid")
"""


def test_a_call_that_nothing_needs_can_go(virt_base: Base, tmp_path: Path) -> None:
    """What a needed call says once more than the base is in docs/tutorial.md, with the distribution's base."""
    seen = observations(*(vector("greeterd_t", "var_run_t", "dir", perm) for perm in ("add_name", "write")))
    (tmp_path / "greeterd.te").write_text(f"{SPOKEN}init_write_runtime_socket(greeterd_t)\n")
    proof, _ = prove_irreducible(seen, (), ModuleSet([tmp_path], virt_base))
    assert {each.perm for each in proof.of(Standing.NEEDED)} == {"add_name", "write"}
    found = {(each.rule.target, each.perm) for each in proof.findings}
    assert ("init_runtime_t", "write") in found
    assert ("var_run_t", "add_name") not in found


def test_a_compiled_base_has_no_interfaces(virt_base: Base, tmp_path: Path) -> None:
    seen = observations(vector("dnsmasq_t", "etc_t", "file", "write"))
    policy = link_or_fail(virt_base, {}, "no link").policy
    from policytool.toolchain.base import find_base

    with pytest.raises(UsageError, match="profile interfaces needs the modules of the base"):
        generate_modules(seen, (), ["dnsmasq_t"], find_base(policy), profile=Profile.INTERFACES)
    (made,) = generate_modules(seen, (), ["dnsmasq_t"], find_base(policy))
    assert made.form is None


def test_what_two_daemons_need_alike_is_written_once_and_grants_neither_more(
    virt_base: Base, tmp_path: Path
) -> None:
    alike = [
        *(
            (target, "file", perm)
            for target in ("etc_t", "locale_t", "sysctl_kernel_t")
            for perm in ("open", "read")
        ),
        ("proc_t", "filesystem", "getattr"),
        ("tmp_t", "dir", "search"),
    ]
    both = observations(
        *(
            seen
            for domain in ("greeterd_t", "waverd_t")
            for seen in (
                vector("init_t", domain, "process", "transition", program=f"/usr/sbin/{domain[:-2]}"),
                vector(domain, domain, "process", "getsched"),
                *(vector(domain, *access) for access in alike),
            )
        ),
        vector("waverd_t", "tmp_t", "file", "read"),
    )
    made = generate_modules(both, (), ["greeterd_t", "waverd_t"], virt_base, shared="wellmannered")
    plain = generate_modules(both, (), ["greeterd_t", "waverd_t"], virt_base)
    shared = {candidate.form.shared for candidate in made if candidate.form}
    (module,) = shared
    assert module
    assert module.rules.domains == ("greeterd_t", "waverd_t")
    for candidate in made:
        assert "wellmannered_domain(" in candidate.files(ModuleFormat.REFPOLICY)[f"{candidate.module.name}.te"]
    for number, every in enumerate((made, plain)):
        above = tmp_path / str(number)
        folders = {candidate.module.name: candidate.files(ModuleFormat.BOTH) for candidate in every}
        if every is made:
            folders[module.name] = module.files()
        for name, files in folders.items():
            (above / name).mkdir(parents=True)
            for file, text in files.items():
                (above / name / file).write_text(text)
    # Each alone: the interface is found beside it.
    for name in ("greeterd", "waverd"):
        built = build([tmp_path / "0" / name], virt_base)
        assert built.every_form_links, built.findings
    with_it, without = (build([tmp_path / number], virt_base).formats[-1].result for number in "01")
    assert isinstance(with_it, Linked)
    assert isinstance(without, Linked)
    policies = CompiledPolicy(with_it.policy), CompiledPolicy(without.policy)
    assert more_granted(*policies) == more_granted(*policies[::-1]) == frozenset()
    text = module.files()["wellmannered.if"]
    assert "\tallow $1 locale_t:file { open read };\n" in text
    assert "\tkernel_getattr_proc($1)\n" in text
    assert "tmp_t:file" not in text


def test_with_a_price_the_shared_interface_brings_nothing_either(virt_base: Base) -> None:
    alike = [(target, "file", perm) for target in ("locale_t", "sysctl_kernel_t") for perm in ("open", "read")]
    alike += [("proc_t", "filesystem", "getattr"), ("tmp_t", "dir", "search"), ("etc_t", "dir", "search")]
    domains = ["greeterd_t", "waverd_t"]
    both = observations(*(vector(domain, *access) for domain in domains for access in alike))
    made = generate_modules(
        both, (), domains, virt_base, profile=Profile.INTERFACES, price=0.1, shared="wellmannered"
    )
    free = generate_modules(both, (), domains, virt_base, shared="wellmannered")
    modules = {candidate.form.shared for every in (made, free) for candidate in every if candidate.form}
    assert len(modules) == 1
    (module,) = modules
    assert module
    for candidate in made:
        assert candidate.form
        assert module.rules.interface in {call.macro for call in candidate.form.module.calls}


def test_the_module_of_what_is_shared_replaces_no_other(virt_base: Base) -> None:
    for taken in ("greeterd", min(virt_base.names)):
        with pytest.raises(UsageError, match=f"there is a module {taken} already"):
            generate_modules(SEEN, (), ["greeterd_t"], virt_base, shared=taken)
