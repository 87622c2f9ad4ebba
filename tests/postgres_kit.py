"""What the tests of the journal in PostgreSQL share: a server of their own, a database for each."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from attrs import define

from benchmarks._postgres import PostgresServer, is_installed, serve_postgres

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


@define
class Database:
    """A database of one test."""

    server: PostgresServer
    """Where it is."""
    name: str
    """What it is called."""

    @property
    def url(self) -> str:
        """What a client is given."""
        return self.server.url(self.name)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as another user; what it returns."""
        with psycopg.connect(self.url, autocommit=True) as db:
            asked = db.execute(statement.encode(), values)
            return [] if asked.description is None else asked.fetchall()


@contextmanager
def _server() -> Generator[PostgresServer]:
    if not is_installed():
        if "CI" in os.environ:
            pytest.fail("there is no PostgreSQL server on this machine")
        pytest.skip("there is no PostgreSQL server on this machine")
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        with serve_postgres(Path(place)) as server:
            yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for all tests of this process, which leave it running."""
    with _server() as server:
        yield server


@pytest.fixture
def own_postgres_server() -> Iterator[PostgresServer]:
    """A server for this test alone, which may do to it what it likes."""
    with _server() as server:
        yield server


_numbers = count()


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """An empty database."""
    name = f"test{next(_numbers)}"
    admin = Database(postgres_server, "postgres")
    admin.ask(f"CREATE DATABASE {name}")
    yield Database(postgres_server, name)
    admin.ask(f"DROP DATABASE {name} WITH (FORCE)")
