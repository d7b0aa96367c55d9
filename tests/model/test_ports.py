# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.model.ports import port_name, port_number


def test_a_name_gives_its_number_back() -> None:
    assert port_number(port_name(8888)) == 8888


@pytest.mark.parametrize("name", ["", "/run/port 80", "port ", "port -1", "port 80a", "80"])
def test_no_other_name_has_a_number(name: str) -> None:
    assert port_number(name) is None
