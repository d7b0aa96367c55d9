# SPDX-License-Identifier: GPL-2.0-or-later
"""The permission graph: the only place that imports networkx."""
