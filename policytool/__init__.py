# SPDX-License-Identifier: GPL-2.0-or-later
"""policytool: from what a daemon was seen doing to the smallest SELinux module that still lets it work."""

__version__ = "0.1.0"
