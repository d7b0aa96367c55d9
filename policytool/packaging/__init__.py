# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator installs modules with: scripts, and the files of Debian and RPM packages."""
