# SPDX-License-Identifier: GPL-2.0-or-later
"""A base of a few statements, written for tests, so that the real compiler links modules with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from policytool.toolchain.base import Base, find_base
from policytool.workflow.module_set import ModuleSet

BASE = """
(mls true)
(handleunknown deny)
(class file (read write open ioctl getattr entrypoint execute relabelto relabelfrom))
(class dir (search read write))
(class process (transition signal))
(class filesystem (associate))
(class tcp_socket (name_bind))
(class netlink_route_socket (read nlmsg))
(class security (load_policy))
(classorder (unordered file dir process filesystem tcp_socket netlink_route_socket security))
(sid kernel)
(sid security)
(sid unlabeled)
(sid file)
(sid port)
(sidorder (kernel security unlabeled file port))
(sensitivity s0)
(sensitivityorder (s0))
(category c0)
(category c1)
(categoryorder (c0 c1))
(sensitivitycategory s0 (range c0 c1))
(user u)
(user v)
(role object_r)
(role r)
(role q)
(userrole u r)
(userrole u object_r)
(userrole v r)
(userlevel u (s0))
(userlevel v (s0))
(userrange u ((s0) (s0 (c0))))
(userrange v ((s0) (s0 (c0))))
(type kernel_t)
(type a_t)
(type b_t)
(type c_t)
(type d_t)
(type etc_t)
(type var_t)
(type a_exec_t)
(type port_t)
(typeattribute domain)
(typeattribute exempt)
(typeattribute file_type)
(typeattribute trusted)
(typeattributeset domain (a_t b_t c_t d_t))
(typeattributeset file_type (etc_t var_t a_exec_t))
(typeattributeset exempt (d_t))
(typeattributeset trusted (d_t))
(roletype r domain)
(roletype r kernel_t)
(roletype object_r file_type)
(roletype object_r port_t)
(sidcontext kernel (u r kernel_t ((s0) (s0))))
(sidcontext security (u r kernel_t ((s0) (s0))))
(sidcontext unlabeled (u object_r etc_t ((s0) (s0))))
(sidcontext file (u object_r etc_t ((s0) (s0))))
(sidcontext port (u object_r port_t ((s0) (s0))))
(constrain (file (read)) (or (eq u1 u2) (eq t1 exempt)))
(boolean off false)
(boolean on true)
(allow domain domain (process (signal)))
(allow c_t file_type (file (getattr)))
(allow d_t file_type (file (read write open ioctl)))
(allow file_type file_type (filesystem (associate)))
(allow trusted kernel_t (security (load_policy)))
(allow a_t etc_t (file (read open ioctl)))
(allowx a_t etc_t (ioctl file (0x5401)))
(auditallow a_t etc_t (file (read)))
(allow b_t var_t (file (read)))
(booleanif off (true (allow a_t var_t (file (read)))))
(booleanif on (false (allow b_t var_t (file (write)))))
(optional waits (allow b_t later_t (file (write))))
(typetransition a_t a_exec_t process b_t)
(rangetransition a_t a_exec_t process ((s0) (s0)))
(roletransition r a_exec_t process r)
(portcon tcp 80 (u object_r port_t ((s0) (s0))))
(genfscon proc "/" (u object_r etc_t ((s0) (s0))))
(fsuse xattr ext4 (u object_r etc_t ((s0) (s0))))
(filecon "/etc/.*" any (u object_r etc_t ((s0) (s0))))
(filecon "/var/.*" any (u object_r var_t ((s0) (s0))))
"""

# A module beside which others change.
MODULE = "(type m_t)\n(roletype r m_t)\n(typeattributeset domain m_t)\n(allow m_t etc_t (file (read)))\n"


def tiny_base(folder: Path, text: str = BASE) -> Base:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base.cil").write_text(text)
    return find_base(folder)


def modules(folder: Path, base: Base, files: Mapping[str, str]) -> ModuleSet:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return ModuleSet([folder], base)
