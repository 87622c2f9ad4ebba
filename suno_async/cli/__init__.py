"""The command line, `suno-async`: the commands are in `_commands`; what they share is beside them.

A command gets a `Desk`, which opens the client and keeps account of what was paid for, and reports
to people or to machines by the desk's `Report`. It uses nothing of the package that a user may not.
"""

from ._app import app, run

__all__ = ["app", "run"]
