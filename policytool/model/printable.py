# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of a log is hostile: this is how it is made fit for a terminal, a comment or a report."""

from __future__ import annotations

# Printable ASCII stays, but for the backslash (our own mark); everything else, control characters, line and
# paragraph separators, bidi marks, surrogates of undecodable bytes, becomes an escape that is printable ASCII.
_PLAIN = frozenset(chr(code) for code in range(0x20, 0x7F)) - {"\\"}


def printable(text: str, limit: int = 0) -> str:
    r"""Return TEXT in printable ASCII, the rest as \xNN, \uNNNN or \UNNNNNNNN; cut to LIMIT characters if given."""
    if not (text.isascii() and text.isprintable() and "\\" not in text):
        text = "".join(character if character in _PLAIN else _escape(character) for character in text)
    if limit and len(text) > limit:
        return text[: limit - 3] + "..."
    return text


def _escape(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
