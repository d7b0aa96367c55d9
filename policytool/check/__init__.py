# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a module: pure functions from what the tools said to findings."""
