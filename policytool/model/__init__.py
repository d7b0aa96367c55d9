# SPDX-License-Identifier: GPL-2.0-or-later
"""The values that everything else passes around, in SELinux's own words. Nothing here reads, runs or prints."""
