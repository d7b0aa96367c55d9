# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers of logs, one file a format, and what is taken away before a line is read."""
