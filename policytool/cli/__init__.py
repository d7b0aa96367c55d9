# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: one file a verb, `main(argv) -> exit code`."""

from policytool.cli.main import main, run

__all__ = ["main", "run"]
