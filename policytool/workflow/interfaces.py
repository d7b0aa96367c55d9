# SPDX-License-Identifier: GPL-2.0-or-later
"""Profile `interfaces`: exact candidates in refpolicy's words, linked to see what they really grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from policytool.check.findings import ModuleSource, SourceFile
from policytool.errors import ToolFailedError
from policytool.generate.candidate import Candidate
from policytool.generate.forbidden import forbidden_accesses
from policytool.generate.interface_form import InterfaceForm, interface_form
from policytool.generate.interface_options import Limits, Options, Written, bring_nothing, options_of
from policytool.generate.shared_module import SharedModule
from policytool.generate.shared_rules import SharedRules, shared_rules
from policytool.generate.triage import WITHOUT_RULE, Cure
from policytool.generate.writers.cil import write_cil
from policytool.model.access import AccessKey
from policytool.model.module import PolicyModule
from policytool.model.profile import ModuleFormat
from policytool.policy.allowed_perms import AllowedPerms
from policytool.policy.compiled import CompiledPolicy
from policytool.policy.macros import Expansion, MacroTable
from policytool.policy.more_granted import more_granted
from policytool.policy.permission_sets import PermissionSet, parse_permission_sets
from policytool.toolchain.base import Base
from policytool.toolchain.base_names import interface_modules
from policytool.toolchain.compile import Compiled, compile_refpolicy
from policytool.toolchain.headers import headers_folder, permission_sets_text
from policytool.toolchain.link import LinkFailed, link, link_or_fail
from policytool.toolchain.run import concurrently
from policytool.workflow.linked_policy import linked_policy
from policytool.workflow.probed_macros import probed_macros
from policytool.workflow.versions import FIRST

# Each round takes out what neverallow rules forbid of the excess; secilc names a few offenders at a time.
_ROUNDS = 8

_GRANTED = frozenset({Cure.ALLOW, Cure.GRANTED})


class Wording:
    """What is asked of the base and the skeletons of all daemons, to put their modules in refpolicy's words."""

    def __init__(
        self, made: Sequence[Candidate], policy: CompiledPolicy, table: MacroTable, price: float | None
    ) -> None:
        """POLICY is the base with the skeletons of MADE.

        PRICE is that of a permission that was never seen, or the lowest one that is asked about. None: a call
        grants nothing but what its own module or the base grants without it, whatever the booleans.
        """
        attributes: dict[str, set[str]] = {}
        for candidate in made:
            for declaration in candidate.module.types:
                attributes.setdefault(declaration.name, set()).update(declaration.attributes)
            for given in candidate.module.attributes:
                attributes.setdefault(given.type_, set()).update(given.attributes)
        held = {type_: frozenset(names) for type_, names in attributes.items()}
        none = frozenset[str]()
        self._table = table
        self._price = price
        self._expansion = Expansion(table, policy, lambda of: policy.attributes_of(of) | held.get(of, none))
        self._offered: dict[str, tuple[MacroTable, Expansion]] = {}
        triaged = [access for candidate in made for access in candidate.triaged]
        observed = [access.vector.key for access in triaged if access.cure in _GRANTED and price is not None]
        self._limits = Limits(
            policy,
            AllowedPerms(policy, always=price is None),
            frozenset(observed),
            frozenset(access.vector.key for access in triaged if access.cure in WITHOUT_RULE),
        )
        self.owners: Mapping[str, str] = interface_modules(headers_folder())
        sets = parse_permission_sets(permission_sets_text())
        self.sets: Mapping[str, tuple[PermissionSet, ...]] = {
            tclass: sets.of_class(tclass, perms) for tclass, perms in policy.classes.items()
        }

    def forbid(self, accesses: frozenset[AccessKey]) -> None:
        """Keep ACCESSES out of what later options bring."""
        self._limits = replace(self._limits, forbidden=self._limits.forbidden | accesses)

    def offer(self, rules: SharedRules) -> None:
        """Let later options for the domains of RULES have its interface."""
        table = replace(self._table, macros=(*self._table.macros, rules.macro))
        self._offered.update(dict.fromkeys(rules.domains, (table, self._expansion.of(table))))
        self.owners = {**self.owners, rules.interface: rules.name}

    def options(self, module: PolicyModule) -> Options:
        """Return what may be written for MODULE at the price or a higher one."""
        table, expansion = self._offered.get(module.domain, (self._table, self._expansion))
        return options_of(module, table, expansion, self._limits, self._price)

    def bring_nothing(self, module: PolicyModule, calls: Sequence[Written]) -> frozenset[Written]:
        """Return those of CALLS that grant MODULE nothing more."""
        return bring_nothing(module, calls, self._table, self._expansion, self._limits)


def interface_candidates(
    made: Sequence[Candidate], policy: CompiledPolicy, base: Base, price: float | None, shared: str = ""
) -> tuple[Candidate, ...]:
    """Give the modules of MADE a form in refpolicy's words at PRICE; POLICY is BASE with their skeletons.

    Those that refpolicy source cannot hold keep none. A form with a price is linked, to see what it really grants:
    ToolFailedError when it does not compile or link, lacks a permission of the exact form, or grants what was not
    counted. Without one it grants what the exact form does, going by what the compilers were asked; `check` links
    both. What several daemons need alike is written once, in a module called SHARED, if that has a name; it brings
    nothing else, whatever the price.
    """
    table = probed_macros(base)
    wording = Wording(made, policy, table, price)
    worth = [candidate for candidate in made if not candidate.only_cil]
    module = None
    if shared:
        free = wording if price is None else Wording(made, policy, table, None)
        module = written_once(shared, [candidate.module for candidate in worth], free)
        if module:
            wording.offer(module.rules)

    def worded(candidate: Candidate) -> Candidate:
        options = wording.options(candidate.module)
        form = interface_form(candidate.module, options, wording.sets, wording.owners, price)
        if module and any(call.macro == module.rules.interface for call in form.module.calls):
            form = replace(form, shared=module)
        return replace(candidate, form=form)

    done = tuple(candidate if candidate.only_cil else worded(candidate) for candidate in made)
    if price is None:
        return done
    for _ in range(_ROUNDS):
        result = link(base, _texts(done))
        if not isinstance(result, LinkFailed):
            _verify(done, linked_policy(result), base)
            return done
        excess = frozenset[AccessKey]().union(*(_excess(candidate.form) for candidate in done))
        forbidden = excess & forbidden_accesses(result.failures).keys()
        if not forbidden:
            raise ToolFailedError(f"the modules with interfaces do not link: {result.failures[0].message}")
        wording.forbid(forbidden)
        done = tuple(worded(of) if of.form and of.form.excess & forbidden else of for of in done)
    raise ToolFailedError(f"neverallow rules of the base still forbid what interfaces bring after {_ROUNDS} links")


def written_once(name: str, modules: Sequence[PolicyModule], wording: Wording) -> SharedModule | None:
    """Return what MODULES have alike, as the module NAME, in the words of WORDING; None: too little."""
    rules = shared_rules(name, modules)
    if rules is None:
        return None
    first, *others = (rules.part_of(module) for module in modules if module.domain in rules.domains)
    options = wording.options(first)
    calls = options.written
    for part in others:
        # A call that grants nothing new to one domain may do so to another.
        allowed = wording.bring_nothing(part, [call.by(part.domain, first.domain) for call in calls.values()])
        calls = {name: call for name, call in calls.items() if call.by(part.domain, first.domain) in allowed}
    options = replace(options, written=calls, calls=tuple(of for of in options.calls if of.name in calls))
    form = interface_form(first, options, wording.sets, wording.owners, None)
    return SharedModule(rules, form.module, FIRST)


def _excess(form: InterfaceForm | None) -> frozenset[AccessKey]:
    return form.excess if form else frozenset()


def _texts(made: Sequence[Candidate]) -> dict[str, str]:
    """Return the CIL of each module, compiled from its refpolicy source where it has a form."""
    worded = [candidate for candidate in made if candidate.form]
    compiled = concurrently(
        [partial(compile_refpolicy, _source(candidate), neighbours=_called(candidate)) for candidate in worded]
    )
    texts = {candidate.module.name: write_cil(candidate.module) for candidate in made if not candidate.form}
    for candidate, outcome in zip(worded, compiled, strict=True):
        if not isinstance(outcome, Compiled):
            where = f"{candidate.module.name}.te:{outcome[0].line}"
            raise ToolFailedError(f"{where}: the module with interfaces does not compile: {outcome[0].message}")
        texts[candidate.module.name] = outcome.cil
    return texts


def _called(candidate: Candidate) -> list[SourceFile]:
    """Return the interface file of the shared module, if the module of CANDIDATE calls it."""
    shared = candidate.form.shared if candidate.form else None
    return [SourceFile(f"{shared.name}.if", shared.files()[f"{shared.name}.if"])] if shared else []


def _source(candidate: Candidate) -> ModuleSource:
    name = candidate.module.name
    files = candidate.files(ModuleFormat.REFPOLICY)
    te, interfaces, contexts = (SourceFile(f"{name}.{end}", files[f"{name}.{end}"]) for end in ("te", "if", "fc"))
    return ModuleSource(name, te=te, if_=interfaces, fc=contexts)


def _verify(made: Sequence[Candidate], after: CompiledPolicy, base: Base) -> None:
    """Compare with the exact modules: everything they grant is there, and nothing beside what was counted."""
    texts = {candidate.module.name: write_cil(candidate.module) for candidate in made}
    before = linked_policy(link_or_fail(base, texts, "the exact modules do not link", ToolFailedError))
    if lost := more_granted(after, before):
        raise ToolFailedError(f"the modules with interfaces lack {len(lost)} permissions: {' '.join(min(lost))}")
    uncounted = more_granted(before, after).difference(*(_excess(candidate.form) for candidate in made))
    if uncounted:
        raise ToolFailedError(
            f"the modules with interfaces grant {len(uncounted)} permissions that were not counted: "
            f"{' '.join(min(uncounted))}"
        )
