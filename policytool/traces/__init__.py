# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers of raw logs, the trace bundle, and the tally that reduces events to access vectors."""
