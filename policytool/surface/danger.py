# SPDX-License-Identifier: GPL-2.0-or-later
"""The permissions that undo a confinement, each with the reason. A short list: what a person must look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from policytool.model.access import AccessKey
from policytool.policy.compiled import CompiledPolicy
from policytool.surface.grants import Grants

FILES = ("file", "dir", "lnk_file", "chr_file", "blk_file", "sock_file", "fifo_file")
DEVICES = ("chr_file", "blk_file")
# Those over a user namespace (cap_userns) reach no further than the namespace and are left out.
CAPABILITIES = ("capability",)


class On(StrEnum):
    """The targets on which a permission is dangerous."""

    ANY = "any type"
    OTHERS = "other types"
    SECURITY = "security files: file_type without non_security_file_type (shadow, policy, audit log)"
    PROGRAMS = "programs that domains start with: entry_type"
    DISK = "raw disks: fixed_disk_device_t"
    MEMORY = "raw memory: memory_device_t"
    UNLABELED = "the type of the initial SID unlabeled"


@dataclass(frozen=True, slots=True)
class DangerRule:
    """PERMS of any of CLASSES are dangerous on targets ON, because WHY; `name` is the stable key."""

    name: str
    classes: tuple[str, ...]
    perms: tuple[str, ...]
    on: On
    why: str


DANGERS = (
    DangerRule("execmem", ("process",), ("execmem",), On.ANY, "runs code that it wrote into memory"),
    DangerRule("execstack", ("process",), ("execstack",), On.ANY, "makes its stack executable"),
    DangerRule("execheap", ("process",), ("execheap",), On.ANY, "makes its heap executable"),
    DangerRule("execmod", ("file",), ("execmod",), On.ANY, "runs file mappings that it changed"),
    DangerRule("sys_module", CAPABILITIES, ("sys_module",), On.ANY, "loads kernel modules"),
    DangerRule("module_load", ("system",), ("module_load",), On.ANY, "loads kernel modules from files"),
    DangerRule("sys_rawio", CAPABILITIES, ("sys_rawio",), On.ANY, "reaches ports and devices below the kernel"),
    DangerRule("sys_admin", CAPABILITIES, ("sys_admin",), On.ANY, "mounts, and dozens of other root powers"),
    DangerRule("dac_override", CAPABILITIES, ("dac_override",), On.ANY, "ignores file ownership and modes"),
    DangerRule("mac_admin", ("capability2",), ("mac_admin",), On.ANY, "sets labels that the policy does not know"),
    DangerRule("bpf_prog", ("bpf",), ("prog_load",), On.ANY, "runs programs inside the kernel"),
    DangerRule("load_policy", ("security",), ("load_policy",), On.ANY, "replaces the policy"),
    DangerRule("setenforce", ("security",), ("setenforce",), On.ANY, "switches enforcing off"),
    DangerRule("setsecparam", ("security",), ("setsecparam",), On.ANY, "changes the access vector cache"),
    DangerRule("setbool", ("security",), ("setbool",), On.ANY, "switches conditional rules on"),
    DangerRule("ptrace", ("process",), ("ptrace",), On.OTHERS, "takes over processes of other domains"),
    DangerRule("relabel_security", FILES, ("relabelfrom", "relabelto"), On.SECURITY, "frees security files"),
    DangerRule("relabel_program", ("file",), ("relabelto",), On.PROGRAMS, "makes any file a way into a domain"),
    DangerRule("write_security", FILES, ("write", "append", "create"), On.SECURITY, "changes security files"),
    DangerRule("read_security", ("file",), ("read",), On.SECURITY, "reads secrets: shadow, audit log"),
    DangerRule("write_program", ("file",), ("write", "append", "create"), On.PROGRAMS, "replaces programs"),
    DangerRule("raw_disk_read", DEVICES, ("read",), On.DISK, "reads every file, past its label"),
    DangerRule("raw_disk_write", DEVICES, ("write", "append"), On.DISK, "changes every file, past its label"),
    DangerRule("raw_memory", DEVICES, ("read", "write", "append"), On.MEMORY, "reaches the kernel's memory"),
    DangerRule("mounton", ("dir", "file"), ("mounton",), On.OTHERS, "hides files behind others of its choice"),
    DangerRule("unlabeled", FILES, ("write", "append", "create"), On.UNLABELED, "changes what lost its label"),
)


@dataclass(frozen=True, slots=True)
class Danger:
    """One line of DANGERS that a domain has.

    `perms` are the (class, permission) pairs held, sorted; `targets` is the number of types they are held on
    and `examples` the first few of those.
    """

    name: str
    perms: tuple[tuple[str, str], ...]
    targets: int
    examples: tuple[str, ...]
    why: str


MAX_EXAMPLES = 5

# The classes whose every permission is a power of root, dangerous by itself or not.
ROOT_POWERS = frozenset({"capability", "capability2", "cap_userns", "cap2_userns"})


def dangerous(policy: CompiledPolicy, keys: Iterable[AccessKey]) -> frozenset[AccessKey]:
    """Return those of KEYS that are dangerous or a capability. Their types are types of POLICY, not attributes."""
    kinds: dict[str, Mapping[On, frozenset[str]]] = {}
    found = set()
    for key in keys:
        source, target, tclass, perm = key
        if source not in kinds:
            kinds[source] = places(policy, source)
        if tclass in ROOT_POWERS or any(
            tclass in rule.classes and perm in rule.perms and target in kinds[source][rule.on] for rule in DANGERS
        ):
            found.add(key)
    return frozenset(found)


def dangers(policy: CompiledPolicy, domain: str, held: Grants) -> tuple[Danger, ...]:
    """Return the dangerous ones among the permissions HELD by DOMAIN, in the order of DANGERS.

    Whether a type is of the dangerous kind is read from the policy's attributes; where refpolicy marks it by
    none (raw disks and memory), its name decides, and a policy without that name has no such line.
    """
    masks = {on: held.universe.mask(types) for on, types in places(policy, domain).items()}
    found = []
    for rule in DANGERS:
        perms, every = [], 0
        for tclass, perm in product(rule.classes, rule.perms):
            mask = held.mask(tclass, perm) & masks[rule.on]
            if mask:
                perms.append((tclass, perm))
                every |= mask
        if every:
            targets = held.universe.types(every)
            examples = targets[:MAX_EXAMPLES]
            found.append(Danger(rule.name, tuple(sorted(perms)), len(targets), examples, rule.why))
    return tuple(found)


def places(policy: CompiledPolicy, domain: str) -> Mapping[On, frozenset[str]]:
    """Return the types of POLICY that each kind of target stands for, as DOMAIN sees them."""
    unlabeled = policy.initial_sids.get("unlabeled")
    ordinary = policy.expand("non_security_file_type")
    return {
        On.ANY: policy.types,
        On.OTHERS: policy.types - policy.expand(domain),
        # Without the attribute that takes the ordinary files out, all files would be taken for security files.
        On.SECURITY: policy.expand("file_type") - ordinary if ordinary else frozenset(),
        On.PROGRAMS: policy.expand("entry_type"),
        On.DISK: policy.expand("fixed_disk_device_t"),
        On.MEMORY: policy.expand("memory_device_t"),
        On.UNLABELED: policy.expand(unlabeled.type_) if unlabeled else frozenset(),
    }
