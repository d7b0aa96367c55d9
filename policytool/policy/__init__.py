# SPDX-License-Identifier: GPL-2.0-or-later
"""What a compiled policy holds (setools) and decides (libsepol)."""
