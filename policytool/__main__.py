# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m policytool` is the command line."""

from policytool.cli import run

run()
