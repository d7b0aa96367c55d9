# SPDX-License-Identifier: GPL-2.0-or-later
"""The core and the toolchain put together: what the verbs, and later the lab, have in common."""
