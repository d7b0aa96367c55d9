# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from dataclasses import replace

from policytool.generate.optional_modules import in_optional_blocks
from policytool.generate.writers.cil import write_cil
from policytool.generate.writers.te import write_te
from policytool.model.context import SecurityContext
from policytool.model.module import FileContext, FileKind, MacroCall, OptionalBlock, PolicyModule
from policytool.model.profile import Profile
from policytool.model.rules import (
    AllowRule,
    AllowXpermRule,
    DontauditRule,
    TypeAttribute,
    TypeDeclaration,
    TypeTransition,
)
from tests.golden import check_golden
from tests.synthetic import BASE

SPARED = {"dns_t": "dns", "dns_exec_t": "dns", "numa_log_t": "numa", "greet_t": "greet"}
MODULE = PolicyModule(
    name="greeterd",
    version="1.0.0",
    domain="greeterd_t",
    extends=False,
    base=BASE,
    types=(TypeDeclaration("greeterd_t", ("domain",), "the daemon"),),
    transitions=(
        TypeTransition("greeterd_t", "dns_exec_t", "process", "dns_t", "", "a domain of its own"),
        TypeTransition("greeterd_t", "var_log_t", "file", "numa_log_t", "numa.log", "as the base has it"),
    ),
    rules=(
        AllowRule("dns_t", "greeterd_t", "fd", ("use",)),
        AllowRule("greeterd_t", "dns_exec_t", "file", ("execute",)),
        AllowRule("greeterd_t", "etc_t", "file", ("read",)),
        AllowRule("greeterd_t", "numa_log_t", "file", ("append", "ioctl")),
    ),
    xperm_rules=(AllowXpermRule("greeterd_t", "numa_log_t", "file", "ioctl", (0x5401,), "seen"),),
    dontaudit_rules=(
        DontauditRule("dns_t", "greeterd_t", "process", ("noatsecure",), "nobody misses it"),
        DontauditRule("greeterd_t", "etc_t", "dir", ("write",), "nobody misses it"),
    ),
    optionals=(OptionalBlock(("other_t",), (AllowRule("greeterd_t", "other_t", "fd", ("use",)),)),),
)


def test_each_module_that_a_host_may_lack_has_a_block_and_the_rest_stays() -> None:
    made = in_optional_blocks(MODULE, SPARED, {})
    assert [(block.modules, block.types) for block in made.optionals] == [
        ((), ("other_t",)),
        (("dns",), ("dns_t",)),
        (("dns",), ("dns_exec_t", "dns_t")),
        (("numa",), ("numa_log_t",)),
    ]
    assert [rule.target for rule in made.rules] == ["etc_t"]
    assert [rule.target for rule in made.dontaudit_rules] == ["etc_t"]
    assert not made.transitions
    assert not made.xperm_rules
    assert set(made.every_rule) == set(MODULE.every_rule)
    assert set(made.every_transition) == set(MODULE.transitions)
    assert set(made.every_dontaudit) == set(MODULE.dontaudit_rules)
    check_golden("optional_modules.te", write_te(made))
    check_golden("optional_modules.cil", write_cil(made))


def test_a_module_that_labels_or_declarations_need_is_needed_anyway() -> None:
    label = FileContext("/x", FileKind.FILE, SecurityContext("system_u", "object_r", "numa_log_t", "s0"))
    labelled = replace(MODULE, file_contexts=(label,))
    assert [block.modules for block in in_optional_blocks(labelled, SPARED, {}).optionals] == [
        (),
        ("dns",),
        ("dns",),
    ]
    given = replace(MODULE, attributes=(TypeAttribute("dns_t", ("daemon",), "why"),))
    assert [block.modules for block in in_optional_blocks(given, SPARED, {}).optionals] == [(), ("numa",)]


def test_a_type_that_the_module_declares_is_not_spared() -> None:
    rules = (AllowRule("greeterd_t", "greeterd_t", "fd", ("use",)),)
    module = replace(MODULE, rules=rules, transitions=(), xperm_rules=(), dontaudit_rules=(), optionals=())
    assert in_optional_blocks(module, {**SPARED, "greeterd_t": "greeter"}, {}) == module


def test_a_call_goes_with_the_module_of_its_macro() -> None:
    calls = (
        MacroCall("dns_domtrans", ("greeterd_t",), (), ()),
        MacroCall("dns_log", ("greeterd_t", "numa_log_t"), ("numa_log_t",), ()),
        MacroCall("files_read", ("greeterd_t",), (), ()),
    )
    bare = replace(MODULE, rules=(), transitions=(), xperm_rules=(), dontaudit_rules=(), optionals=())
    worded = replace(bare, calls=calls, profile=Profile.INTERFACES)
    macros = {"dns_domtrans": "dns", "dns_log": "dns", "files_read": "files"}
    made = in_optional_blocks(worded, SPARED, macros)
    assert [call.macro for call in made.calls] == ["files_read"]
    assert [(block.modules, [call.macro for call in block.calls]) for block in made.optionals] == [
        (("dns",), ["dns_domtrans"]),
        (("dns", "numa"), ["dns_log"]),
    ]
    assert made.every_call == calls[2:] + calls[:2]
    check_golden("optional_calls.te", write_te(made))
