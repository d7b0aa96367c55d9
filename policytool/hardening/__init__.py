# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd and seccomp can take from a daemon beyond SELinux, by the same evidence."""
