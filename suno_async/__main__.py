"""The command `suno-async`, also as `python -m suno_async`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, if what it needs is installed."""
    try:
        from suno_async.cli import app  # noqa: PLC0415 only the command needs the extra
    except ModuleNotFoundError as error:
        if error.name not in {"cyclopts", "rich"}:
            raise
        sys.exit("The command line needs two more packages: pip install 'suno-async[cli]'")
    except KeyboardInterrupt:  # it takes a moment to begin
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
