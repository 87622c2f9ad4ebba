"""Other clients, installed into an environment of their own, which is made when first needed.

The package needs none of them. Where they cannot be had, figures are printed without them.
"""

import json
import os
import subprocess
import sys
import venv
from contextvars import ContextVar
from pathlib import Path

_PEERS = ("fal-client", "httpx", "openai", "pydantic", "suno-easy")
_WANTED = ("aiohttp", *_PEERS)  # the floor is measured beside each of them
_BINARIES = "Scripts" if os.name == "nt" else "bin"
_ROOT = Path(__file__).parents[1]
_VERSIONS = """
import sys
from importlib.metadata import version
print(", ".join(f"{name} {version(name)}" for name in sys.argv[1:]))
"""


def usual_place() -> Path:
    """The environment's directory below the user's cache, one for each version of Python."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "suno-async" / f"peers-{sys.implementation.cache_tag}"


PLACE: ContextVar[Path | None] = ContextVar("PLACE")
"""The environment's directory where it is not the usual one; `None`: do without peers."""


class LeftOut(Exception):
    """Peers cannot be measured; the text ends the sentence that begins with them."""


def interpreter() -> Path:
    """The interpreter that has the peers.

    Raises:
        LeftOut: they are not wanted, or cannot be installed.
    """
    place = PLACE.get(usual_place())
    if place is None:
        raise LeftOut("left out as asked")
    python = place / _BINARIES / "python"
    installed = place / "installed.json"
    if not installed.exists() or json.loads(installed.read_text("utf-8")) != list(_WANTED):
        _install(place, python)
        installed.write_text(json.dumps(_WANTED), "utf-8")
    return python


def versions(python: Path) -> str:
    """The peers with their versions."""
    return run_by(python, "-c", _VERSIONS, *_PEERS).strip()


def run_by(python: Path | str, *arguments: str) -> str:
    """What this interpreter prints; it finds the benchmarks, and no settings of ours.

    Raises:
        LeftOut: it failed.
    """
    kept = {k: v for k, v in os.environ.items() if not _is_ours(k)}
    ended = subprocess.run(  # noqa: S603 an interpreter and our own code
        [str(python), *arguments], capture_output=True, text=True, env=kept, cwd=_ROOT, check=False
    )
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        raise LeftOut("left out, for it failed; see the errors above")
    return ended.stdout


def _install(place: Path, python: Path) -> None:
    print(f"Installing {', '.join(_WANTED)} into an environment of their own", file=sys.stderr)
    if not python.exists():
        venv.create(place, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--upgrade", *_WANTED]
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:  # noqa: S603 pip
        raise LeftOut("left out, for they could not be installed: is there a network?")


def _is_ours(variable: str) -> bool:
    """Settings that would change what is measured: our paths, and a proxy before a local server."""
    name = variable.upper()
    return name in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"} or name.endswith("_PROXY")
