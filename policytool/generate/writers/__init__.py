# SPDX-License-Identifier: GPL-2.0-or-later
"""A module as text: one writer a format, and the evidence beside it."""
