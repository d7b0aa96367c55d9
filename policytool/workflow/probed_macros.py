# SPDX-License-Identifier: GPL-2.0-or-later
"""What every macro of the policy headers grants over a base: probed once, then read from the cache."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from policytool.errors import InputError
from policytool.policy.macros import (
    PROBE_CLASS,
    PROBE_FILE_NAME,
    Macro,
    MacroRule,
    MacroTable,
    MacroTransition,
    read_macros,
)
from policytool.policy.signatures import MacroKind, Parameter, Signature, parse_signatures
from policytool.toolchain.base import Base, base_cil, stamp
from policytool.toolchain.cache import Cache, digest, open_cache
from policytool.toolchain.headers import Headers, find_headers
from policytool.toolchain.link import link_or_fail
from policytool.toolchain.probe import NAME, LeftOut, Probe, compile_probes
from policytool.toolchain.run import find_program
from policytool.workflow.linked_policy import linked_policy

# The files of support/ that hold patterns; the others are about permissions, levels and m4 itself.
_PATTERNS = ("file_patterns.spt", "ipc_patterns.spt", "misc_patterns.spt")

_FILE = "macros.json"
# Changes with what is kept of a table, and how.
_LAYOUT = "1"

_ATTRIBUTE = re.compile(r"^\(typeattribute (\S+)\)", re.MULTILINE)

# Why a macro is not even called: it is no interface or pattern, or takes more than types, a class, a file's name.
_NOT_CALLED = "is a template, or takes a role, a prefix or nothing"


def probed_macros(base: Base, headers: Headers | None = None, cache: Cache | None = None) -> MacroTable:
    """Return what the macros of HEADERS (None: the distribution's) grant over BASE; some ten seconds at first.

    InputError for a compiled base, or headers that cannot be read; ToolFailedError where the probe does not link.
    """
    cache = cache or open_cache()
    headers = headers or find_headers(cache=cache)
    tools = [stamp(Path(find_program(name))) for name in ("m4", "checkmodule", "secilc")]
    key = digest("macros", _LAYOUT, headers.key, base.identity.sha256, *tools)
    folder = cache.fill("macros", key, partial(_probe, base, headers, cache))
    return _read((folder / _FILE).read_text("utf-8"))


def signatures(headers: Headers) -> tuple[Signature, ...]:
    """Return the signatures of all interfaces, templates and patterns of HEADERS, each name once."""
    files = [
        *(headers.path / "support" / name for name in _PATTERNS),
        *(file for file in sorted(headers.path.glob("*/*.if"))),
    ]
    found: dict[str, Signature] = {}
    for file in files:
        try:
            text = file.read_text("utf-8", "surrogateescape")
        except OSError as error:
            raise InputError(f"cannot read the policy headers {file}: {error.strerror}") from error
        for signature in parse_signatures(text):
            found.setdefault(signature.name, signature)
    return tuple(found.values())


def _probe(base: Base, headers: Headers, cache: Cache, folder: Path) -> None:
    every = signatures(headers)
    chosen = [signature for signature in every if _callable(signature)]
    left_out = Counter({_NOT_CALLED: sum(not _callable(s) and not s.deprecated for s in every)})
    left_out[LeftOut.DEPRECATED.value] += sum(signature.deprecated for signature in every)
    probes = [_call(place, signature) for place, signature in enumerate(chosen)]
    plain = linked_policy(link_or_fail(base, {}, f"{base.path} does not link"))
    probed = compile_probes(probes, headers, plain.types | plain.aliases.keys() | _attributes(base, cache))
    left_out.update(reason.value for reason in probed.left_out.values())
    complaint = "the probe of the policy headers does not link"
    policy = linked_policy(link_or_fail(base, probed.cil, complaint))
    table = read_macros(
        policy,
        [
            (signature.name, signature.kind, signature.parameters, probe.types)
            for place, (signature, probe) in enumerate(zip(chosen, probes, strict=True))
            if place not in probed.left_out
        ],
    )
    (folder / _FILE).write_text(_written(table, left_out), "utf-8")


def _attributes(base: Base, cache: Cache) -> frozenset[str]:
    """Return the attributes that BASE declares; the compiler forgets those that no rule needs."""
    texts = (path.read_text("utf-8", "surrogateescape") for path in base_cil(base, cache=cache))
    return frozenset(name for text in texts for name in _ATTRIBUTE.findall(text))


def _callable(signature: Signature) -> bool:
    kinds = signature.parameters
    return (
        not signature.deprecated
        and signature.kind is not MacroKind.TEMPLATE
        and kinds[:1] == (Parameter.TYPE,)
        and Parameter.OTHER not in kinds
    )


def _call(place: int, signature: Signature) -> Probe:
    arguments = []
    for number, kind in enumerate(signature.parameters, 1):
        match kind:
            case Parameter.CLASS:
                arguments.append(PROBE_CLASS)
            case Parameter.FILE_NAME:
                arguments.append(f'"{PROBE_FILE_NAME}"')
            case _:
                arguments.append(f"{NAME}_{place}_{number}_t")
    types = tuple(argument for argument in arguments if argument.startswith(NAME + "_"))
    return Probe(f"{signature.name}({', '.join(arguments)})", types)


def _written(table: MacroTable, left_out: Counter[str]) -> str:
    def rules(found: tuple[MacroRule, ...]) -> list[list[object]]:
        return [[rule.source, rule.target, rule.tclass, " ".join(rule.perms), rule.conditional] for rule in found]

    macros = [
        [
            macro.name,
            macro.kind.value,
            [kind.value for kind in macro.parameters],
            rules(macro.rules),
            [[of.source, of.target, of.tclass, of.default, of.name] for of in macro.transitions],
            macro.attributes,
            macro.constrained,
        ]
        for macro in table.macros
    ]
    return json.dumps(
        {
            "macros": macros,
            "as_source": {name: rules(found) for name, found in table.as_source.items()},
            "as_target": {name: rules(found) for name, found in table.as_target.items()},
            "members": table.members,
            "left_out": dict(sorted(left_out.items())),
        },
        separators=(",", ":"),
    )


def _read(text: str) -> MacroTable:
    data = json.loads(text)

    def rules(found: list[list[str]]) -> Iterator[MacroRule]:
        for source, target, tclass, perms, conditional in found:
            yield MacroRule(source, target, tclass, tuple(perms.split()), bool(conditional))

    macros = tuple(
        Macro(
            name,
            MacroKind(kind),
            tuple(Parameter(of) for of in parameters),
            tuple(rules(own)),
            tuple(MacroTransition(*words) for words in transitions),
            tuple(tuple(names) for names in attributes),
            constrained,
        )
        for name, kind, parameters, own, transitions, attributes, constrained in data["macros"]
    )
    return MacroTable(
        macros,
        {name: tuple(rules(found)) for name, found in data["as_source"].items()},
        {name: tuple(rules(found)) for name, found in data["as_target"].items()},
        {name: tuple(types) for name, types in data["members"].items()},
        data["left_out"],
    )
