"""`suno-async journal`: what is in a file, whose it is, and what is no journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import version_1

from suno_async import GenerateLyrics, GenerateMusic, SubmissionUnknown, SunoClient
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from postgres_kit import Database

    from .conftest import Shell

NAME = "songs.sqlite"


def filled(shell: Shell, **given: Any) -> list[str]:
    """A journal with a song of each of three states; their tokens, and the key of the doubt."""

    async def fill(suno: SunoClient) -> list[str]:
        done = await suno.submit(GenerateMusic("done"), idempotency_key="tg-1")
        await done
        making = await suno.submit(GenerateLyrics("making"), idempotency_key="tg-2")
        shell.fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        with pytest.raises(SubmissionUnknown):
            await suno.submit(GenerateMusic("lost"), idempotency_key="tg-3")
        return [done.token, making.token, "tg-3"]

    return shell.client(fill, journal=shell.folder / NAME, **given)


def test_it_shows_what_is_there(shell: Shell) -> None:
    """A line each that fits 80 columns, with token or key whole; it needs no key and no network."""
    names = filled(shell)
    shell.setenv("SUNO_API_KEY", None)
    before = (shell.folder / NAME).read_bytes()
    ended = shell.offline("journal", NAME)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines] == ["done", "in_progress", "in_doubt"]
    assert [line.split()[3] for line in lines] == names
    names = ["GenerateMusic", "GenerateLyri…", "GenerateMusic"]
    assert [line.split()[4] for line in lines] == names
    assert max(map(len, lines)) <= 80
    assert "account local#" in ended.err
    assert "1 in progress, 1 in doubt, 1 done, 0 failed" in ended.err
    assert (shell.folder / NAME).read_bytes() == before


@pytest.mark.parametrize("state", ["done", "in_progress", "in_doubt", "failed"])
def test_it_shows_one_state(shell: Shell, state: str) -> None:
    """`--state` shows the others not."""
    filled(shell)
    ended = shell("journal", NAME, "--state", state, "--json")
    assert {entry["state"] for entry in ended.objects} == {state} - {"failed"}


def test_it_is_for_machines_too(shell: Shell) -> None:
    """`--json` gives an object a line, with all that is known but the result."""
    names = filled(shell)
    ended = shell("journal", NAME, "--json")
    first, _, last = ended.objects
    assert (first["key"], first["task"], first["kind"]) == ("tg-1", names[0], "music")
    assert (first["operation"], first["fields"]) == ("GenerateMusic", {"prompt": "done"})
    assert first["sent_at"].endswith("+00:00")
    assert (last["key"], last["task"], last["accepted_at"]) == ("tg-3", None, None)
    assert ended.err == ""


def test_it_reads_while_a_client_has_it_open(shell: Shell) -> None:
    """Whoever has it open goes on; handing it over is refused then."""
    filled(shell)
    with closing(sqlite3.connect(shell.folder / f"{NAME}-lock")) as held:  # as a client has it
        held.execute("BEGIN EXCLUSIVE")
        assert shell.offline("journal", NAME).out.split()[0] == "done"
        refused = shell.offline("journal", NAME, "--account", "other")
    assert (refused.code, "in use" in refused.err) == (7, True)


def test_it_hands_a_journal_over(shell: Shell, fake: FakeSuno) -> None:
    """From what to what, by a name or to the key in the environment; then that one may use it."""
    filled(shell, account="old")
    Path("ideas.txt").write_text("one\n")
    refused = shell("batch", "ideas.txt", "--journal", NAME)
    assert refused.code == 7
    assert "belongs to the account 'old'" in refused.err
    assert "suno-async journal" in refused.err
    dry = shell("batch", "ideas.txt", "--journal", NAME, "--dry-run")
    assert (dry.code, "belongs to the account 'old'" in dry.err) == (7, True)
    sent = len(fake.ledger.of("generate-music"))
    ended = shell("journal", NAME, "--account", "default")
    assert ended.code == 0
    assert "from account old to local#" in ended.err
    assert shell("batch", "ideas.txt", "--journal", NAME, "--dry-run").code == 0
    assert shell("batch", "ideas.txt", "--journal", NAME).code == 0
    assert len(fake.ledger.of("generate-music")) == sent + 1
    named = shell("journal", NAME, "--account", "band", "--json")
    assert [one["account"] for one in named.objects] == ["band"]
    assert named.objects[0]["before"].startswith("local#")
    ended = shell("batch", "ideas.txt", "--journal", NAME, "--account", "band")
    assert ended.code == 0, ended.err


def test_a_file_of_version_1_is_shown_and_left(shell: Shell) -> None:
    """Using it upgrades it, looking into it does not; a batch says that it does."""
    fields = '{"prompt": "one"}'
    key = version_1.key_of("GenerateMusic", {"prompt": "one"})
    row = (key, "GenerateMusic", fields, "music", None, None, None, "2026-11-20 10:00:00")
    version_1.write(shell.folder / NAME, [(*row, None, None)])
    before = (shell.folder / NAME).read_bytes()
    assert shell("journal", NAME).out.startswith("in_doubt")
    Path("ideas.txt").write_text("one\n")
    dry = shell("batch", "ideas.txt", "--journal", NAME, "--dry-run")
    assert "1 perhaps accepted" in dry.err
    assert (shell.folder / NAME).read_bytes() == before
    ended = shell("batch", "ideas.txt", "--journal", NAME)
    assert ended.code == 6
    assert "Note: The journal" in ended.err
    assert "was of version 1 and is upgraded" in ended.err


def test_a_batch_says_what_its_list_does_not_name(shell: Shell) -> None:
    """With the command that shows it."""
    filled(shell)
    Path("ideas.txt").write_text("one\n")
    ended = shell("batch", "ideas.txt", "--journal", NAME)
    assert ended.code == 0
    assert "1 submissions in progress and 1 in doubt" in ended.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nowhere.sqlite"], 7, "There is no journal nowhere.sqlite."),
        (["."], 7, "There is no journal"),
        (["text.txt"], 7, "cannot be read as a journal"),
        (["other.sqlite"], 7, "a database of something else"),
        (["newer.sqlite"], 7, "a newer version of suno-async"),
        (["empty.sqlite"], 7, "is empty"),
        ([NAME, "--state", "over"], 2, "--state must be one of in_progress"),
        ([NAME, "--account", " "], 2, "account must be"),
        (["nowhere.sqlite", "--account", "x"], 7, "There is no journal"),
        ([], 2, "FILE"),
    ],
)
def test_what_is_no_journal(shell: Shell, argv: list[str], code: int, words: str) -> None:
    """One sentence says what is wrong, and nothing is made or changed."""
    filled(shell)
    Path("text.txt").write_text("no journal, but long enough to be looked at" * 100)
    Path("empty.sqlite").touch()
    Path("newer.sqlite").write_bytes((shell.folder / NAME).read_bytes())
    for name, statement in (
        ("other.sqlite", "CREATE TABLE x (y)"),
        ("newer.sqlite", "PRAGMA user_version = 99"),
    ):
        with closing(sqlite3.connect(name)) as db:
            db.execute(statement)
            db.commit()
    before = {path: path.read_bytes() for path in shell.folder.iterdir() if path.is_file()}
    ended = shell("journal", *argv)
    assert ended.code == code, ended.err
    assert words in ended.err
    assert ended.err.count("Error: ") == 1
    assert {path: path.read_bytes() for path in shell.folder.iterdir()} == before


def test_a_journal_in_a_database(shell: Shell, database: Database) -> None:
    """It is copied there, shown and gone on with by its URL, whose password is not shown."""
    names = filled(shell)
    ended = shell("journal", "copy", NAME, database.url)
    assert (ended.code, ended.err) == (0, "3 copied; 0 were there already.\n")
    again = shell("journal", "copy", NAME, database.url, "--json")
    assert again.objects == [{"copied": 0, "known": 3}]
    ended = shell("journal", database.url)
    assert [line.split()[3] for line in ended.out.splitlines()] == names
    assert "1 in progress, 1 in doubt, 1 done, 0 failed" in ended.err
    assert "p%3Ass" not in ended.err
    Path("ideas.txt").write_text("one\n")
    for _ in range(2):
        ended = shell("batch", "ideas.txt", "--journal", database.url)
        assert ended.code == 0, ended.err
    dry = shell("batch", "ideas.txt", "--journal", database.url, "--dry-run")
    assert "1 done already" in dry.err
    assert len(shell.fake.ledger.of("generate-music")) == 3


@pytest.mark.parametrize("argv", [["copy", "a"], ["a", "b"], ["a", "b", "c"]])
def test_what_is_no_copy(shell: Shell, argv: list[str]) -> None:
    """It is said how a journal is copied."""
    ended = shell("journal", *argv)
    assert ended.code == 2
    assert "suno-async journal copy FROM TO" in ended.err
