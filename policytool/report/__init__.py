# SPDX-License-Identifier: GPL-2.0-or-later
"""One versioned result document and its renderers."""
