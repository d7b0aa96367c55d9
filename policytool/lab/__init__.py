# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: a disposable machine with a real SELinux kernel, auditd and libvirt's daemons."""
