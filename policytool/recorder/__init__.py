# SPDX-License-Identifier: GPL-2.0-or-later
"""The recorder: complete evidence from a live SELinux host, which is as before when it ends."""
