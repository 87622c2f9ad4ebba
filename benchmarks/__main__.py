"""Run benchmarks and print their tables: `python -m benchmarks [name ...] [--full] [--results]`."""

import argparse
import pkgutil
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Protocol, cast

import benchmarks
from benchmarks import _peers, _results
from benchmarks._tables import Table, count, machine

_RESULTS = "benchmarks/RESULTS.md"


class Benchmark(Protocol):
    """A module that measures something."""

    __doc__: str | None

    def run(self, *, full: bool) -> Iterable[Table]:
        """Measure, quickly or in full."""
        ...


def names() -> list[str]:
    """The names of all benchmarks."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def load(name: str) -> Benchmark:
    """The benchmark of that name."""
    return cast("Benchmark", import_module(f"benchmarks.{name}"))


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for, all by default; the exit code is 0 also where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="which; all if left out")
    parser.add_argument("--full", action="store_true", help="all rows and rounds; takes longer")
    parser.add_argument("--list", action="store_true", help="list them, and end")
    parser.add_argument("--callbacks", action="store_true", help="polling as `callbacks` does it")
    parser.add_argument("--results", action="store_true", help=f"put them in {_RESULTS}, too")
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument("--peers", metavar="DIRECTORY", type=Path, help="where peers are installed")
    peers.add_argument("--no-peers", action="store_true", help="measure no other clients")
    given = parser.parse_args(arguments)
    if unknown := sorted({*given.names} - {*names()}):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(names())}")
    if given.list:
        for name in names():
            print(f"{name:10} {_heading(name)}")
        return 0
    if given.peers or given.no_peers:
        _peers.PLACE.set(None if given.no_peers else given.peers.absolute())
    print(f"On {machine()}")
    chosen = given.names or names()
    if given.callbacks:
        chosen = ["callbacks" if name == "polling" else name for name in chosen]
    for name in dict.fromkeys(chosen):
        tables = show(name, full=given.full)
        if given.results:
            doc = load(name).__doc__ or name
            _results.put(_results.section(name, doc, tables, full=given.full), names())
    return 0


def show(name: str, *, full: bool) -> list[Table]:
    """Run one benchmark and print its tables as they come."""
    began = monotonic()
    print(f"\n# {name}: {_heading(name)}", flush=True)
    tables: list[Table] = []
    for table in load(name).run(full=full):
        print(f"\n{table}", flush=True)
        tables.append(table)
    took = f"{monotonic() - began:.0f} s, {'full' if full else 'quick'}"
    print(f"\n({count(tables)}{took})", flush=True)
    return tables


def _heading(name: str) -> str:
    return (load(name).__doc__ or name).partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
