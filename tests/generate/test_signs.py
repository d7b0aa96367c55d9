# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

import pytest

from policytool.generate.signs import Sign, Signs

SHARE = Signs(share=0.852, given=frozenset({("dir", "write"), ("dir", "add_name")}))


def test_the_words_tell_every_sign_the_strongest_first() -> None:
    signs = Signs(others=5, of=14, sibling="etc_t", alike=0.61, like="virtd_t", neighbour="usr_t")
    signs.share, signs.given = SHARE.share, SHARE.given
    assert signs.words("dir", "create") == (
        "5 of 14 other daemons do it; "
        "85% of base domains with dir { add_name write } have dir create there too; "
        "it does so on etc_t, which is 61% like it; virtd_t may do it; "
        "it works on usr_t, whose labels stand beside"
    )


@pytest.mark.parametrize(
    ("signs", "strongest", "alone"),
    [
        (Signs(others=1, share=0.9), Sign.OTHERS, True),
        (Signs(others=1), Sign.OTHERS, False),
        (Signs(share=0.3, sibling="a_t"), Sign.BASE, True),
        (Signs(sibling="a_t", like="b_t"), Sign.SIBLING, True),
        (Signs(like="b_t"), Sign.LIKE, True),
        (Signs(others=1, neighbour="b_t"), Sign.OTHERS, False),
    ],
)
def test_the_strongest_sign_and_what_speaks_without_other_daemons(
    signs: Signs, strongest: Sign, alone: bool
) -> None:
    assert (signs.strongest, signs.alone) == (strongest, alone)


def test_more_of_a_sign_is_never_a_lower_level() -> None:
    few = Signs(others=2, touching=3, share=0.5, alike=0.5, usual=0.05)
    assert few.levels(alone=False) == (2, 2, 2, 1, 2, 0, 0)
    many = Signs(others=9, touching=9, share=1.0, alike=1.0, usual=0.7, like="x_t", neighbour="y_t")
    assert many.levels(alone=False) == (5, 3, 4, 2, 4, 1, 1)
    assert many.levels(alone=True) == many.levels(alone=False)[2:-1]
