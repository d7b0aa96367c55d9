# SPDX-License-Identifier: GPL-2.0-or-later
"""What a log says, whatever its format: records, decoded, and joined into events."""
