# SPDX-License-Identifier: GPL-2.0-or-later
"""What editors, terminals and web pages add to a line: marks of order and width, colours, spaces of other kinds.

The kernel writes none of it: a name that holds a control character or a byte above 127 is in hexadecimal there.
"""

from __future__ import annotations

import re

from policytool.traces.events.record import decoded, encoded

# Colours and erasures of a terminal (ECMA-48, CSI), also as `cat -v` and editors show the escape character.
_CONTROL = rb"(?:\x1b|\^\[)\[[0-9;:?]{0,32}[A-Za-z]|\x1b\([0-9A-B]"
_COLOUR = re.compile(_CONTROL)
# A byte order mark, which is also a space without width; the other spaces without width; a soft hyphen.
_NOTHING = rb"\xef\xbb\xbf|\xe2\x80[\x8b-\x8f]|\xe2\x81\xa0|\xc2\xad"
# Spaces that do not break, or have another width; the first also in Latin 1, where it is no part of a UTF-8 letter.
_SPACE = rb"\xc2\xa0|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80|(?<![\x80-\xff])\xa0(?![\x80-\xff])"

_ADDED = re.compile(rb"(?P<nothing>" + _CONTROL + rb"|" + _NOTHING + rb")|" + _SPACE)
_SIGN = re.compile(rb"[\x1b\xa0\xad\xe2\xe3\xef]|\^\[\[")

# Columns of a table: a record whose spaces became tabs.
_TABLE = re.compile(rb"type[= ]\w{1,64}\tmsg=|avc:\t+(?:denied|granted)")


def cleaned(line: bytes) -> bytes:
    """Return LINE without what was added to it; LINE itself, nearly always."""
    if _SIGN.search(line):
        line = _ADDED.sub(_replaced, line)
    return line.replace(b"\t", b" ") if _TABLE.search(line) else line


def uncoloured(message: str) -> str:
    """Return MESSAGE without colours and erasures."""
    if "\x1b" not in message and "^[[" not in message:
        return message
    return decoded(_COLOUR.sub(b"", encoded(message)))


def _replaced(added: re.Match[bytes]) -> bytes:
    return b"" if added["nothing"] is not None else b" "
