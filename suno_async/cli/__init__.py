"""The command line, `suno-async`: each command is one small file; what they share is beside them.

A command is an asynchronous function whose signature and docstring are its options and its help.
It gets a `Desk`, which opens the client, follows what was paid for, and tells of it all.
"""

from ._run import app, run

__all__ = ["app", "run"]
