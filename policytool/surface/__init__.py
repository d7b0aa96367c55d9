# SPDX-License-Identifier: GPL-2.0-or-later
"""Privilege surfaces: how much a domain may do, and how two of them compare."""
