# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs, from bytes to access vectors: events ← formats ← tally ← bundle ← redaction."""
