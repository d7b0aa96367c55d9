# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.generate.exact import exact
from policytool.generate.likely import Likely
from policytool.generate.robust import Limit, close, numbered, permissions
from policytool.generate.signs import Signs
from policytool.generate.skeleton import skeleton
from policytool.generate.triage import Cure, Triaged
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.te import write_te
from policytool.graph.permission_graph import build
from policytool.model.module import FileContext, FileKind, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import TypeDeclaration
from tests.synthetic import BASE, DAEMON, GREETER, context, vector

BASE_TYPES = frozenset({"init_t", "etc_t", "tmp_t", "any4_t", "any6_t"})


def access(target: str, tclass: str, perm: str, cure: Cure = Cure.ALLOW, source: str = "greeterd_t") -> Triaged:
    return Triaged(vector(source, target, tclass, perm), cure)


def module() -> PolicyModule:
    return skeleton(DAEMON, build(GREETER), BASE, extends=False)


def unseen(target: str, tclass: str, perm: str, share: float = 0.9, xperms: frozenset[int] = frozenset()) -> Likely:
    signs = Signs(share=share, given=frozenset({("file", "read")}))
    return Likely(vector("greeterd_t", target, tclass, perm, xperms=xperms), signs, 0.1)


READ = "not seen: 90% of base domains with file { read } have file"


def test_each_addition_is_named_in_a_rule_of_its_own() -> None:
    triaged = [access("etc_t", "file", "read"), access("helloerd_t", "file", "read")]
    made = exact(module(), triaged, BASE_TYPES)
    likely = [unseen(target, "file", perm) for target in ("etc_t", "helloerd_t") for perm in ("lock", "open")]
    robust = close(made, likely, BASE_TYPES)
    assert robust.profile is Profile.ROBUST
    assert [(rule.target, rule.perms, rule.reason) for rule in robust.rules] == [
        ("etc_t", ("read",), ""),
        ("etc_t", ("lock",), f"{READ} lock there too"),
        ("etc_t", ("open",), f"{READ} open there too"),
    ]
    (block,) = robust.optionals
    assert [rule.perms for rule in block.rules] == [("read",), ("lock",), ("open",)]
    assert f"# {READ} lock there too\nallow greeterd_t etc_t:file lock;" in write_te(robust)
    assert "(profile robust)" in write_te(robust)


def test_an_added_ioctl_lists_its_commands() -> None:
    made = exact(module(), [access("etc_t", "file", "read"), access("helloerd_t", "file", "read")], BASE_TYPES)
    ioctls = [unseen(target, "file", "ioctl", xperms=frozenset({0x5401})) for target in ("etc_t", "helloerd_t")]
    robust = close(made, ioctls, BASE_TYPES)
    assert [rule.xperms for rule in robust.xperm_rules] == [(0x5401,)]
    assert [rule.xperms for block in robust.optionals for rule in block.xperm_rules] == [(0x5401,)]
    assert write_te(robust).count("allowxperm") == 2
    assert write_cil(robust).count("(allowx ") == 2


def test_an_allowxperm_that_was_seen_stays() -> None:
    ioctl = Triaged(vector("greeterd_t", "etc_t", "chr_file", "ioctl", xperms=frozenset({0x5401})), Cure.ALLOW)
    made = exact(module(), [ioctl, access("etc_t", "chr_file", "read")], BASE_TYPES)
    robust = close(made, [unseen("etc_t", "chr_file", "getattr")], BASE_TYPES)
    assert len([rule for rule in robust.rules if rule.target == "etc_t"]) == 2
    assert robust.xperm_rules == made.xperm_rules
    assert len(robust.xperm_rules) == 1


def test_nothing_added_changes_nothing_but_the_profile() -> None:
    made = exact(module(), [access("etc_t", "file", "read")], BASE_TYPES)
    assert replace(close(made, (), BASE_TYPES), profile=Profile.EXACT) == made


def test_how_much_is_added() -> None:
    made = exact(module(), [access("etc_t", "file", perm) for perm in ("read", "open")], BASE_TYPES)
    assert permissions(made) == 2
    assert Limit().most(200) == 30
    assert Limit(budget=7).most(200) == 7
    assert Limit(budget=0).most(200) == 0


def test_numbered_siblings_of_own_paths() -> None:
    own = TypeDeclaration("greeterd_runtime_t", ("file_type",))
    made = replace(module(), types=(*module().types, own))

    def pattern(text: str, type_: str = "greeterd_runtime_t", kind: FileKind = FileKind.FILE) -> str:
        return numbered(FileContext(text, kind, context(type_)), made).pattern

    assert pattern(r"/run/greeterd/guest1\.pid") == r"/run/greeterd/guest[0-9]+\.pid"
    assert pattern("/run/greeterd/tap0") == "/run/greeterd/tap[0-9]+"
    assert pattern(r"/run/greeterd/1\.sock") == r"/run/greeterd/[0-9]+\.sock"
    for kept in (
        r"/run/x86_64\.sock",
        r"/usr/lib64/greeterd",
        "/run/greeterd(/.*)?",
        r"/run/a[0-9]+\.pid",
        "/run/a1/b2c3",
    ):
        assert pattern(kept) == kept
    assert pattern("/usr/sbin/greeterd2", "greeterd_exec_t") == "/usr/sbin/greeterd2"
    assert pattern("/run/tap0", "tmp_t") == "/run/tap0"
    assert pattern("/run/greeterd/tap0", kind=FileKind.DIR) == "/run/greeterd/tap0"
