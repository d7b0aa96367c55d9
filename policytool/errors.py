# SPDX-License-Identifier: GPL-2.0-or-later
"""The errors that a user can do something about, each with its exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every verb."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    BAD_INPUT = 3
    MISSING = 4
    TOOL_FAILED = 5
    INTERNAL = 70
    INTERRUPTED = 130


class PolicytoolError(Exception):
    """An error with a one or two line message: what, where, what to do."""

    exit_code = ExitCode.INTERNAL


class UsageError(PolicytoolError):
    """The command line asks for something that makes no sense."""

    exit_code = ExitCode.USAGE


class InputError(PolicytoolError):
    """A trace, module or policy that cannot be read."""

    exit_code = ExitCode.BAD_INPUT


class MissingToolError(PolicytoolError):
    """A program or package that is not installed; the message names it for apt and dnf."""

    exit_code = ExitCode.MISSING


class ToolFailedError(PolicytoolError):
    """A program or the virtual machine failed; the message holds a command that can be pasted."""

    exit_code = ExitCode.TOOL_FAILED
