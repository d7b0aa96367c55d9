# SPDX-License-Identifier: GPL-2.0-or-later
"""The page that `report` writes: figures, a section for each module, one self-contained HTML file."""
