# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from policytool.policy.spared_modules import module_names, spared_types

BASE = module_names("(class file (read))(type bin_t)(type file_t)(typeattribute domain)(role system_r)")
INIT = module_names("(typeattributeset cil_gen_require bin_t)(type init_t)(typeattribute daemon)")
NUMA = module_names(
    """
    (typeattributeset cil_gen_require init_t)
    (type numa_t)
    (typeattributeset domain (numa_t))
    (optional numa_optional_2
        (typeattributeset cil_gen_require log_t)
        (allow numa_t log_t (file (read))))
    """
)
LOG = module_names(
    "(typeattributeset cil_gen_require daemon)(roleattributeset cil_gen_require system_r)(type log_t)"
)


def test_the_names_of_a_module_are_those_outside_of_optional_blocks() -> None:
    assert NUMA.types == {"numa_t"}
    assert NUMA.required == {"init_t"}
    assert not NUMA.first
    assert LOG.required == {"daemon", "system_r"}
    assert BASE.first
    assert BASE.declared == {"bin_t", "file_t", "domain", "system_r"}


def test_a_module_that_none_requires_is_spared_and_the_first_never() -> None:
    modules = {"base": BASE, "init": INIT, "numa": NUMA, "log": LOG}
    assert spared_types(modules) == {"numa_t": "numa", "log_t": "log"}
    # An attribute is a reason as good as a type.
    assert spared_types({"base": BASE, "init": INIT, "log": LOG}) == {"log_t": "log"}
    assert spared_types({"base": BASE}) == {}


def test_what_is_required_and_declared_nowhere_makes_no_difference() -> None:
    odd = module_names("(typeattributeset cil_gen_require nowhere_t)(type odd_t)(typeattributeset)(allow)")
    assert spared_types({"base": BASE, "odd": odd}) == {"odd_t": "odd"}
