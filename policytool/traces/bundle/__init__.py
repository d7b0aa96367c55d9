# SPDX-License-Identifier: GPL-2.0-or-later
"""Trace bundles and raw logs: found, opened, unpacked, read; and bundles written."""
