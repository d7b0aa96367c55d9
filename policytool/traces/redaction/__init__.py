# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces without what they say of people, hosts and networks."""
