# SPDX-License-Identifier: GPL-2.0-or-later
"""A seccomp profile in the form of the OCI runtime specification (config-linux.md, "Seccomp")."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# libseccomp's names (seccomp_arch_add(3)) of the kernel's architectures.
_ARCHITECTURES = {
    "x86_64": "SCMP_ARCH_X86_64",
    "i386": "SCMP_ARCH_X86",
    "aarch64": "SCMP_ARCH_AARCH64",
    "arm": "SCMP_ARCH_ARM",
    "ppc64le": "SCMP_ARCH_PPC64LE",
    "ppc64": "SCMP_ARCH_PPC64",
    "s390x": "SCMP_ARCH_S390X",
    "riscv64": "SCMP_ARCH_RISCV64",
    "loongarch64": "SCMP_ARCH_LOONGARCH64",
}
# A call that is not in the list fails with EPERM.
_EPERM = 1
# The runtime installs the filter and then runs the program; it ends like any other.
_RUNTIME = frozenset({"execve", "exit", "exit_group", "rt_sigreturn"})


def seccomp_profile(
    calls: Collection[str], architectures: Collection[str], always: Collection[str] = ()
) -> Mapping[str, object]:
    """Return the profile that allows CALLS and ALWAYS, what every program may call, and nothing else."""
    names = sorted({*calls, *always, *_RUNTIME})
    known = sorted(_ARCHITECTURES[name] for name in architectures if name in _ARCHITECTURES)
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": _EPERM,
        **({"architectures": known} if known else {}),
        "syscalls": [{"names": names, "action": "SCMP_ACT_ALLOW"}],
    }
