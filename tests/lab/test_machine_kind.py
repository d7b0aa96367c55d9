# SPDX-License-Identifier: GPL-2.0-or-later
"""What each kind of machine takes from the same layers."""

from __future__ import annotations

from fnmatch import filter as matching

import pytest

from policytool.lab.image import image_key
from policytool.lab.machine_kind import PLAIN, XEN, MachineKind

# As Debian's packages name them.
BOOT = (
    "System.map-6.1.0-56-amd64",
    "config-6.1.0-56-cloud-amd64",
    "initrd.img-6.1.0-56-amd64",
    "initrd.img-6.1.0-56-cloud-amd64",
    "vmlinuz-6.1.0-56-amd64",
    "vmlinuz-6.1.0-56-cloud-amd64",
    "xen-4.17-amd64.config",
    "xen-4.17-amd64.efi",
    "xen-4.17-amd64.gz",
)


@pytest.mark.parametrize(
    ("kind", "kernel", "initrd", "hypervisor"),
    [
        (PLAIN, "vmlinuz-6.1.0-56-cloud-amd64", "initrd.img-6.1.0-56-cloud-amd64", None),
        (XEN, "vmlinuz-6.1.0-56-amd64", "initrd.img-6.1.0-56-amd64", "xen-4.17-amd64.gz"),
    ],
)
def test_each_kind_finds_its_own_kernel(
    kind: MachineKind, kernel: str, initrd: str, hypervisor: str | None
) -> None:
    assert matching(BOOT, kind.kernel) == [kernel]
    assert matching(BOOT, kind.initrd) == [initrd]
    assert (matching(BOOT, kind.hypervisor) if kind.hypervisor else [None]) == [hypervisor]


def test_another_kind_is_another_image() -> None:
    assert image_key("versions", XEN) != image_key("versions", PLAIN) == image_key("versions")
