# SPDX-License-Identifier: GPL-2.0-or-later
"""The SELinux tools; toolchain/run.py is the only user of subprocess."""
