# SPDX-License-Identifier: GPL-2.0-or-later
"""Gates: what a change lets somebody do that was not allowed before, and whether assertions hold."""
