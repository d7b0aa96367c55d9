# SPDX-License-Identifier: GPL-2.0-or-later
"""From a permission graph to a policy module, and one writer for each format."""
