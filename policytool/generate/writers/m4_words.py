# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of files that m4 may take for macros, and what is done so that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What m4 looks up: GNU m4's manual, "Macro invocation".
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)

# Macros without an underscore: GNU m4's builtins and those of refpolicy's policy/support. Every interface, template
# and permission set of refpolicy has an underscore, so a word with one is taken for a macro too.
_PLAIN_MACROS = frozenset(
    [
        "builtin",
        "changecom",
        "changequote",
        "changeword",
        "debugfile",
        "debugmode",
        "decr",
        "define",
        "defn",
        "divert",
        "divnum",
        "dnl",
        "dumpdef",
        "errprint",
        "esyscmd",
        "eval",
        "format",
        "ifdef",
        "ifelse",
        "include",
        "incr",
        "index",
        "indir",
        "len",
        "m4exit",
        "m4wrap",
        "maketemp",
        "mkstemp",
        "patsubst",
        "popdef",
        "pushdef",
        "regexp",
        "shift",
        "sinclude",
        "substr",
        "syscmd",
        "sysval",
        "traceoff",
        "traceon",
        "translit",
        "undefine",
        "undivert",
        "unix",
        "ifndef",
        "interface",
        "refpolicyerr",
        "refpolicywarn",
        "shiftn",
        "template",
    ]
)

# Words that SELint reads as keywords of its own and so not as an argument (its src/lex.l).
_SELINT_KEYWORDS = frozenset(
    [
        "define",
        "dnl",
        "gen_bool",
        "gen_context",
        "gen_require",
        "gen_tunable",
        "gen_user",
        "ifdef",
        "ifelse",
        "ifndef",
        "interface",
        "optional_policy",
        "policy_module",
        "refpolicywarn",
        "template",
        "tunable_policy",
        "userdebug_or_eng",
    ]
)

# Statements of the policy language itself, which nobody may define as macros.
_STATEMENTS = frozenset(
    [
        "attribute_role",
        "fs_use_task",
        "fs_use_trans",
        "fs_use_xattr",
        "range_transition",
        "role_transition",
        "type_change",
        "type_member",
        "type_transition",
    ]
)


def macro_words(text: str) -> tuple[str, ...]:
    """Return the words of TEXT that may be macros, sorted."""
    words = set(_WORD.findall(text)) - _STATEMENTS
    return tuple(sorted(word for word in words if word in _PLAIN_MACROS or "_" in word))


def undefine(names: Iterable[str], text: str) -> tuple[list[str], frozenset[str]]:
    """Return lines that take the macros out of NAMES of files, and the names that have to be quoted all the same.

    Those hold a word that TEXT, the rest of the source, has too: it may be a call there. SELint reads no quotes in
    the name of a file, but it reads a call of undefine, which does nothing for a word that is no macro.
    """
    used = set(_WORD.findall(text))
    quoted = frozenset(name for name in names if used & set(macro_words(name)))
    words = sorted({word for name in names if name not in quoted for word in macro_words(name)})
    return [_undefine(word) for word in words], quoted


def _undefine(word: str) -> str:
    if word in _SELINT_KEYWORDS:
        # In two parts, so that SELint does not take it for a keyword; it then misses a quote (W-007).
        return f"undefine(`{word[0]}'{word[1:]}) #selint-disable:W-007"
    return f"undefine(`{word}')"
