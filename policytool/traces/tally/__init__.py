# SPDX-License-Identifier: GPL-2.0-or-later
"""Events counted: distinct access vectors, who ran whom, kinds of system calls."""
