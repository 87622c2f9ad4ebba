"""`batch`: a file of requests, made, reported and fetched; run again, it goes on."""

import re
from pathlib import Path

import pytest
from attrs import evolve

from suno_async.testing import FakeSuno, Fault

from .conftest import Ended, Shell

MUSIC = "generate-music"


def write(shell: Shell, name: str, text: str) -> str:
    """A file in the shell's folder."""
    (shell.folder / name).write_text(text, "utf-8")
    return name


def ideas(shell: Shell, number: int) -> str:
    """A file with so many prompts."""
    return write(shell, "ideas.txt", "".join(f"idea {one}\n" for one in range(1, number + 1)))


def prompts(fake: FakeSuno) -> list[str]:
    """What was accepted, in order."""
    return [entry.body["prompt"] for entry in fake.ledger.accepted(MUSIC)]


def summary(ended: Ended) -> dict[str, int]:
    """The counts at the end of `--json`."""
    found: dict[str, int] = ended.objects[-1]["summary"]
    return found


def test_each_line_becomes_two_files(shell: Shell, fake: FakeSuno) -> None:
    """Blank lines are none; stdout names the files, and the last words count them."""
    name = write(shell, "ideas.txt", "\ufeffa calm tune\r\n\r\n  \na wild one\n")
    ended = shell("batch", name)
    assert ended.code == 0
    assert prompts(fake) == ["a calm tune", "a wild one"]
    assert sorted(ended.out.splitlines()) == [f"songs/{one}" for one in shell.songs]
    assert ended.err.splitlines()[-1] == "2 lines: 2 done; 4 files in songs."
    assert "Without --journal" in ended.err.splitlines()[0]
    assert ended.err.count("Without --journal") == 1


def test_a_hint_is_reported_once(shell: Shell, fake: FakeSuno) -> None:
    """Lines by V6 that leave the duration out are a note, however many; `extra` is JSON."""
    table = 'lyrics,model,extra\none,V6,"{""mood"": ""calm""}"\ntwo,V6,\n'
    ended = shell("batch", write(shell, "songs.csv", table))
    assert ended.code == 0
    assert ended.err.count("Note: duration is left out, which means 20 seconds with V6") == 1
    bodies = [entry.body for entry in fake.ledger.accepted(MUSIC)]
    assert {body["lyrics"]: body.get("mood") for body in bodies} == {"one": "calm", "two": None}


def test_a_log_names_the_lines(shell: Shell) -> None:
    """A plain line for what is accepted and for what is done, without control characters."""
    ended = shell("batch", write(shell, "ideas.txt", "one\n\ntwo\n"))
    reported = [one for one in ended.err.splitlines() if one.startswith("line ")]
    assert sorted(re.sub(r"music:\w+|\d:\d\d", "", one) for one in reported) == [
        "line 1: : accepted",
        "line 1: : done after ",
        "line 3: : accepted",
        "line 3: : done after ",
    ]
    assert not re.search(r"[^\n -~]", ended.err)


def test_objects_for_machines(shell: Shell) -> None:
    """Each event, file and error is an object with its line; counts come last."""
    name = write(shell, "x.jsonl", '{"prompt": "a tune"}\n{"prompt": ""}\n')
    ended = shell("batch", name, "--json")
    stages = [one for one in ended.objects if "stage" in one]
    files = [one for one in ended.objects if "file" in one]
    (error,) = [one for one in ended.objects if "error" in one]
    assert [one["stage"] for one in stages] == ["pending", "text", "first", "complete"]
    assert {one["line"] for one in [*stages, *files]} == {1}
    assert len({one["task"] for one in [*stages, *files]}) == 1
    assert len(stages[-1]["tracks"]) == len(files) == 2
    assert (error["line"], error["error"], error["exit"]) == (2, "InvalidRequest", 2)
    assert summary(ended) == {
        "lines": 2,
        "done": 1,
        "faulty": 1,
        "failed": 0,
        "unknown": 0,
        "not_accepted": 0,
        "not_seen_to_its_end": 0,
        "being_made": 0,
        "left": 0,
        "resumed": 0,
        "files": 2,
        "missing": 0,
    }
    assert ended.code == 2


def test_a_table(shell: Shell, fake: FakeSuno) -> None:
    """Cells become flags, numbers and lists; empty ones are left out; rows may span lines."""
    table = (
        "operation,prompt,instrumental,image_urls,model,style,title,lyrics,style_weight\n"
        ",a tune,true,,,,,,\n"
        'GenerateMusic,"with, comma",,https://a.b/c https://a.b/d,V6,,,,\n'
        ',,,,,Folk,Home,"La\nla",0.5\n'
        "generate_lyrics,the sea,,,,,,,\n"
    )
    ended = shell("batch", write(shell, "songs.csv", table), "--json", "--model", "v4_5")
    assert ended.code == 0, ended.err
    first, second, third = [entry.body for entry in fake.ledger.accepted(MUSIC)]
    assert (first["prompt"], first["instrumental"], first["model"]) == ("a tune", True, "V4_5")
    assert second["imageUrls"] == ["https://a.b/c", "https://a.b/d"]
    assert second["model"] == "V6"
    assert (third["prompt"], third["styleWeight"]) == ("La\nla", 0.5)
    assert {one["line"] for one in ended.objects if "lyrics" in one} == {6}


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_as_offices_write_it(shell: Shell, fake: FakeSuno, delimiter: str) -> None:
    """Semicolons and tabs are taken as they are meant."""
    table = f"prompt{delimiter}instrumental\r\na, b{delimiter}1\r\n"
    assert shell("batch", write(shell, "songs.csv", table)).code == 0
    assert (prompts(fake), fake.ledger.entries[0].body["instrumental"]) == (["a, b"], True)


FAULTY = [
    ("a.txt", "x" * 501, "prompt has 501 characters"),
    ("a.txt", "x" * 1_000_001, "more than 1,000,000 characters"),
    ("a.txt", "a\0b", "zero byte"),
    ("a.jsonl", '{"prompt": 5, "vocal_gender": "q", "styl": 1}', "vocal_gender must be 'm' or 'f'"),
    ("a.jsonl", '{"prompt": 5, "vocal_gender": "q", "styl": 1}', "prompt must be text (given: 5)"),
    ("a.jsonl", '{"prompt": 5, "styl": 1}', "styl is not a field of GenerateMusic"),
    ("a.jsonl", '{"prompt": 5, "styl": 1}', "did you mean 'style'?"),
    ("a.jsonl", '{"prompt": ', "not JSON"),
    ("a.jsonl", "[" * 100_000, "no JSON that can be used"),
    ("a.jsonl", '{"prompt": "a", "prompt": "b"}', "'prompt' is there more than once"),
    ("a.jsonl", '"a tune"', "must be a JSON object"),
    ("a.jsonl", '{"operation": "GetCredits"}', "no operation that starts a task"),
    ("a.jsonl", '{"operation": "GenerateLyric"}', "did you mean 'GenerateLyrics'?"),
    ("a.jsonl", '{"operation": "GenerateMidi"}', "task_id is required"),
    ("a.jsonl", '{"style_weight": 1' + "0" * 400 + "}", "style_weight must be a number"),
    ("a.csv", "prompt,instrumental\na,maybe", "instrumental must be True or False"),
    ("a.csv", "prompt,instrumental\na, b, c", "a cell under no column"),
    ("a.csv", 'prompt\n"a', "quotes do not match"),
    ("a.csv", 'prompt\n"a"b', "quotes do not match"),
]


@pytest.mark.parametrize(("name", "line", "words"), FAULTY)
def test_a_faulty_line(shell: Shell, fake: FakeSuno, name: str, line: str, words: str) -> None:
    """It is reported with all that is wrong with it, by its number, and nothing is sent for it."""
    ended = shell("batch", write(shell, name, line + "\n"))
    errors = [one for one in ended.err.splitlines() if one.startswith("Error: line ")]
    assert ended.code == 2
    assert len(errors) == 1
    assert words in errors[0]
    assert errors[0].startswith(f"Error: line {2 if name.endswith('csv') else 1}: ")
    assert not len(fake.ledger)


def test_the_others_go_on(shell: Shell, fake: FakeSuno) -> None:
    """Lines that cannot be sent do not stop those that can; each kind of fault is one line."""
    lines = [b"one", b"caf\xe9", b"two", b"x" * 2_000_000, b"three"]
    (shell.folder / "ideas.txt").write_bytes(b"\n".join(lines))
    ended = shell("batch", "ideas.txt")
    assert prompts(fake) == ["one", "two", "three"]
    assert "line 2: The request cannot be sent: the line is not text in UTF-8 (byte 0xe9 at" in (
        ended.err
    )
    assert ended.err.splitlines()[-1] == "5 lines: 3 done, 2 faulty; 6 files in songs."


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"promt\na\n", "no operation has a field for its column 'promt' (did you mean"),
        ("a.csv", b"prompt,audio_id\na,b\n", "column 'audio_id'"),
        ("a.csv", b"prompt,prompt\na,b\n", "'prompt' more than once"),
        ("a.csv", b"pr\xffmpt\na\n", "not text in UTF-8"),
        ("a.txt", "one".encode("utf-16"), "UTF-16: save it as UTF-8"),
        ("a.json", b"[]", "--format txt, csv or jsonl"),
    ],
)
def test_a_faulty_file(shell: Shell, fake: FakeSuno, name: str, content: bytes, words: str) -> None:
    """What makes nonsense of every line is reported once, and nothing is sent."""
    (shell.folder / name).write_bytes(content)
    ended = shell("batch", name)
    assert ended.code == 2
    assert ended.err.count("Error: ") == 1
    assert words in ended.err
    assert not len(fake.ledger)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nowhere.txt"], "nowhere.txt cannot be read: No such file"),
        (["nowhere"], "nowhere cannot be read: No such file"),
        (["."], "Is a directory"),
        (["-"], "Say what stdin holds: --format"),
        (["ideas.txt", "--max-in-flight", "0"], "--max-in-flight must be 1 or more"),
        (["ideas.txt", "--journal", "ideas.txt/songs.sqlite"], "cannot be written to"),
        (["ideas.txt", "--dryrun"], "--dryrun"),
    ],
)
def test_wrong_usage(shell: Shell, fake: FakeSuno, argv: list[str], words: str) -> None:
    """What cannot work is refused in one sentence before anything is sent."""
    ideas(shell, 1)
    ended = shell("batch", *argv)
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.count("Error: ") == 1
    assert not len(fake.ledger)


def test_a_journal_at_home(shell: Shell) -> None:
    """`--journal=~/x` is at home though the shell does not say so; nobody's home is a name."""
    shell.setenv("HOME", str(shell.folder / "home"))
    assert shell("batch", ideas(shell, 1), "--journal=~/all/songs.sqlite").code == 0
    assert (shell.folder / "home" / "all" / "songs.sqlite").exists()
    again = shell("batch", "ideas.txt", "--journal=~/all/songs.sqlite", "--dry-run")
    assert again.err == "ideas.txt, 1 line: 1 done already. Nothing was sent.\n"
    assert shell("batch", "ideas.txt", "--out=~nobody-of-that-name/songs").code == 0


def test_a_journal_that_cannot_be_there(shell: Shell, fake: FakeSuno) -> None:
    """The error says which option to change, before anything is sent."""
    ended = shell("batch", ideas(shell, 1), "--journal", "ideas.txt/songs.sqlite")
    assert ended.code == 2
    assert "Choose another folder with --journal." in ended.err
    assert not len(fake.ledger)


def test_nothing_to_do(shell: Shell) -> None:
    """A file of blank lines is no fault."""
    ended = shell("batch", write(shell, "ideas.txt", "\n \n"))
    assert (ended.code, ended.out) == (0, "")
    assert "asks for nothing" in ended.err


def test_a_dry_run_spends_nothing(shell: Shell, fake: FakeSuno) -> None:
    """It checks each line, counts, needs no key, makes no file, and its exit code counts."""
    shell.setenv("SUNO_API_KEY", None)
    name = write(shell, "ideas.txt", f"one\n{'x' * 501}\n")
    ended = shell("batch", name, "--dry-run", "--journal", "songs.sqlite")
    assert ended.code == 2
    assert "ideas.txt, 2 lines: 1 would be submitted; 1 faulty. Nothing was sent." in ended.err
    assert "No API key" in ended.err
    assert not len(fake.ledger)
    assert [path.name for path in shell.folder.iterdir()] == ["ideas.txt"]
    assert shell("batch", ideas(shell, 3), "--dry-run", "--journal", "j.sqlite").code == 0


def test_a_dry_run_knows_the_journal(shell: Shell, fake: FakeSuno) -> None:
    """It says what is done, being made, failed, unknown and new, and what the options change."""
    name = ideas(shell, 4)
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    fake.script(complete=5000.0)
    shell.interrupt_at = 400
    again = ("batch", name, "--journal", "songs.sqlite", "--max-in-flight", "1", "--json")
    shell(*again)
    shell.interrupt_at = None
    ended = shell("batch", name, "--journal", "songs.sqlite", "--dry-run", "--json")
    assert summary(ended) == {
        "lines": 4,
        "sent": 2,
        "done": 0,
        "making": 1,
        "failed": 1,
        "unknown": 0,
        "faulty": 0,
    }
    ended = shell(
        "batch", name, "--journal", "songs.sqlite", "--dry-run", "--json", "--retry-failed"
    )
    assert (summary(ended)["sent"], summary(ended)["failed"]) == (3, 0)


def test_an_interrupted_batch_goes_on(shell: Shell, fake: FakeSuno) -> None:
    """Ctrl-C names the command that goes on, which pays for nothing twice and ends in all files."""
    name = ideas(shell, 30)
    argv = ("batch", name, "--journal", "my journal.sqlite", "--out", "my songs")
    shell.interrupt_at = 8
    ended = shell(*argv)
    assert ended.code == 130
    assert "Stopped, while the service goes on with the" in ended.err
    assert ended.err.splitlines()[-1] == (
        "  suno-async batch ideas.txt --journal 'my journal.sqlite' --out 'my songs'"
    )
    assert 10 < len(prompts(fake)) < 30
    shell.interrupt_at = None
    ended = shell(*argv, "--json")
    assert ended.code == 0, ended.err
    assert sorted(prompts(fake)) == sorted(f"idea {one}" for one in range(1, 31))
    assert len(list((shell.folder / "my songs").glob("*.mp3"))) == 60
    assert summary(ended)["done"] == 30
    assert 10 < summary(ended)["resumed"] < 30
    ended = shell(*argv, "--json")
    assert (summary(ended)["resumed"], len(prompts(fake))) == (30, 30)
    assert {one.get("resumed") for one in ended.objects if "stage" in one} == {True}


def test_many_tokens_go_to_a_file(shell: Shell, fake: FakeSuno) -> None:
    """Without a journal, the command that picks 15 tasks up reads their tokens from a file."""
    shell.interrupt_at = 60
    ended = shell("batch", ideas(shell, 15))
    assert ended.code == 130
    found = re.search(r"suno-async wait @(unfinished-\S+\.txt)$", ended.err.strip())
    assert found is not None
    tokens = (shell.folder / found[1]).read_text().split()
    expected = [f"music:{entry.task_id}" for entry in fake.ledger.accepted(MUSIC)]
    assert sorted(tokens) == sorted(expected)
    shell.interrupt_at = None
    ended = shell("wait", f"@{found[1]}")
    assert ended.code == 0
    assert len(shell.songs) == 30


def test_few_tokens_are_printed(shell: Shell, fake: FakeSuno) -> None:
    """Ctrl-C with two tasks gives a command to copy, and says from which line to go on."""
    shell.interrupt_at = 60
    ended = shell("batch", ideas(shell, 5), "--max-in-flight", "2")
    tokens = [f"music:{entry.task_id}" for entry in fake.ledger.accepted(MUSIC)]
    assert ended.err.splitlines()[-1] == f"  suno-async wait {' '.join(tokens)}"
    assert "The first line without an answer is line 3." in ended.err
    assert "5 lines: 2 still in progress, 3 not submitted." in ended.err


def test_what_was_in_flight_is_named(shell: Shell, fake: FakeSuno) -> None:
    """A paid request whose answer never comes is reported as unknown, with its line."""
    fake.fail(evolve(Fault.NEVER_AFTER_ACCEPT), times=1)
    shell.interrupt_at = 5
    ended = shell("batch", ideas(shell, 3), "--json")
    (unknown,) = [one for one in ended.objects if one.get("error") == "SubmissionUnknown"]
    assert unknown["line"] == 1
    assert ended.code == 130
    assert "line 1: It is not known whether" in ended.err
    assert "Waiting for the answer to what has left" in ended.err


def test_unknown_is_sent_again_only_if_asked(shell: Shell, fake: FakeSuno) -> None:
    """A lost answer is code 6 in this run and the next; --resend-unknown sends it again."""
    fake.fail(Fault.RESET_AFTER_ACCEPT, times=1)
    argv = ("batch", ideas(shell, 1), "--journal", "songs.sqlite")
    ended = shell(*argv)
    assert ended.code == 6
    assert "--resend-unknown sends it again" in ended.err
    assert shell(*argv).code == 6
    dry = shell(*argv, "--dry-run", "--json")
    assert (summary(dry)["unknown"], dry.code) == (1, 0)
    assert len(prompts(fake)) == 1
    assert shell(*argv, "--resend-unknown").code == 0
    assert len(prompts(fake)) == 2


def test_failed_is_sent_again_only_if_asked(shell: Shell, fake: FakeSuno) -> None:
    """A failed song is code 5, reported again, and sent again with --retry-failed."""
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    argv = ("batch", ideas(shell, 1), "--journal", "songs.sqlite")
    assert shell(*argv).code == 5
    ended = shell(*argv)
    assert (ended.code, ended.err.count("Error: line 1: Task music:")) == (5, 1)
    assert shell(*argv, "--retry-failed").code == 0
    assert len(prompts(fake)) == 2


def test_an_empty_account(shell: Shell, fake: FakeSuno) -> None:
    """What was paid for is made; the rest is not submitted, and the command to go on is printed."""
    fake.balance = 36
    ended = shell("batch", ideas(shell, 100), "--journal", "songs.sqlite")
    assert ended.code == 3
    assert len(shell.songs) == 6
    assert "Top up" in ended.err
    assert ended.err.count("Error: ") == 1
    assert re.search(r"100 lines: 3 done, \d+ not accepted, \d+ not submitted; 6 files", ended.err)
    assert ended.err.splitlines()[-2:] == [
        "There is more to do. To go on:",
        "  suno-async batch ideas.txt --journal songs.sqlite",
    ]


def test_a_wrong_key_is_reported_once(shell: Shell, fake: FakeSuno) -> None:
    """Not once for each line that was in flight."""
    shell.setenv("SUNO_API_KEY", "wrong")
    ended = shell("batch", ideas(shell, 50))
    assert ended.code == 3
    assert ended.err.count("Error: ") == 1
    assert len(ended.err.splitlines()) <= 5


def test_a_file_that_cannot_be_fetched(shell: Shell, fake: FakeSuno) -> None:
    """It is code 7 with where the song is, and a second run mends it."""
    fake.fail(Fault.HTML_502, on="/files/", times=None)
    argv = ("batch", ideas(shell, 2), "--journal", "songs.sqlite")
    ended = shell(*argv)
    assert ended.code == 7, ended.err
    assert "The song itself is at" in ended.err
    assert "2 lines: 2 done; 4 files missing." in ended.err
    assert ended.err.splitlines()[-1] == "  suno-async batch ideas.txt --journal songs.sqlite"
    fake.clear_faults()
    assert shell(*argv).code == 0
    assert len(shell.songs) == 4


def test_half_a_success_is_fetched(shell: Shell, fake: FakeSuno) -> None:
    """Of a song that failed after its first track, that track is a file."""
    fake.script(fail_at=60.0, status="GENERATE_AUDIO_FAILED", partial=1)
    ended = shell("batch", ideas(shell, 1))
    assert ended.code == 5
    assert len(shell.songs) == 1


def test_a_simulation_leaves_the_journal_alone(shell: Shell) -> None:
    """Its songs do not exist, so no journal is made that would believe in them."""
    ended = shell.simulate("batch", ideas(shell, 3), "--journal", "songs.sqlite")
    assert ended.code == 0
    assert not list(shell.folder.glob("songs.sqlite*"))
    assert len(shell.songs) == 6


def test_a_journal_in_use(shell: Shell, fake: FakeSuno) -> None:
    """A journal that is none is left as it is, in one sentence."""
    write(shell, "songs.sqlite", "not a journal")
    ended = shell("batch", ideas(shell, 1), "--journal", "songs.sqlite")
    assert ended.code == 7
    assert ended.err.count("Error: ") == 1
    assert (shell.folder / "songs.sqlite").read_text() == "not a journal"
    assert not len(fake.ledger)


def test_the_gravest_end_counts(shell: Shell, fake: FakeSuno) -> None:
    """A song that failed says more than a faulty line before it, and less than an unknown one."""
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    name = write(shell, "ideas.txt", f"{'x' * 501}\none\n")
    assert shell("batch", name).code == 5
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    fake.fail(Fault.RESET_AFTER_ACCEPT, skip=1)
    assert shell("batch", write(shell, "ideas.txt", f"{'x' * 501}\none\ntwo\n")).code == 6


def test_the_table_in_the_readme(shell: Shell) -> None:
    """The README's example of a .csv holds three requests."""
    readme = Path(__file__).parents[2] / "README.md"
    table = re.search(r"```csv\n(.*?)```", readme.read_text("utf-8"), re.DOTALL)
    assert table is not None
    ended = shell("batch", write(shell, "songs.csv", table[1]), "--dry-run", "--json")
    assert (ended.code, summary(ended)["sent"]) == (0, 3)


def test_without_a_network_it_waits_and_says_so(shell: Shell) -> None:
    """It says once what it waits for; when `--patience` is over, what was not submitted."""
    shell.setenv("SUNO_BASE_URL", "http://127.0.0.1:1")
    ended = shell.offline("batch", ideas(shell, 30), "--patience", "90", "--journal", "j.sqlite")
    assert ended.code == 4
    assert ended.err.count("Waiting for the network... Nothing is submitted meanwhile.") == 1
    assert "Gave up waiting for the network after 90 s (--patience).\n" in ended.err
    assert ended.err.count("Error: No connection to http://127.0.0.1:1") == 1
    assert "30 lines: 30 not submitted." in ended.err
    assert "There is more to do. To go on:\n  suno-async batch" in ended.err
    assert not re.search(r"[^\n -~]", ended.err)


def test_it_goes_on_after_an_outage(shell: Shell, fake: FakeSuno) -> None:
    """Maintenance that ends: all is made, and people read that it waited and went on."""
    fake.fail(Fault.envelope(455), times=9)
    ended = shell("batch", ideas(shell, 6))
    assert ended.code == 0
    said = [line for line in ended.err.splitlines() if line.startswith(("Waiting", "The service"))]
    assert said[0].startswith("Waiting for the end of the service's maintenance... Nothing is")
    assert said[1] == "The service answers again: it goes on."
    assert sorted(prompts(fake)) == [f"idea {number}" for number in range(1, 7)]


def test_machines_read_of_an_outage(shell: Shell, fake: FakeSuno) -> None:
    """One object says what is waited for, one that it goes on, or one that it was in vain."""
    fake.fail(Fault.envelope(455), times=9)
    ended = shell("batch", ideas(shell, 6), "--json")
    began, over = [one for one in ended.objects if "waiting_for" in one]
    assert began["waiting_for"] == "the end of the service's maintenance"
    assert "code 455" in began["message"]
    assert over == {"waiting_for": None, "message": None}
    fake.fail(Fault.envelope(455), times=None)
    ended = shell("batch", ideas(shell, 6), "--json", "--patience", "5")
    assert ended.code == 3
    (vain,) = [one for one in ended.objects if "gave_up" in one]
    assert vain == {"gave_up": "the end of the service's maintenance", "patience": 5.0}
    (error,) = [one for one in ended.objects if "error" in one]
    assert (error["error"], error["exit"]) == ("Maintenance", 3)
    assert summary(ended)["left"] == 6


def test_a_service_that_never_answers(shell: Shell, fake: FakeSuno) -> None:
    """Eight lines are in doubt, each reported once; the rest was not submitted."""
    fake.fail(Fault.NEVER, on=MUSIC, times=None)
    ended = shell("batch", ideas(shell, 100), "--patience", "inf")
    assert ended.code == 6
    assert "Gave up waiting for the service, which does not answer.\n" in ended.err
    assert ended.err.count("Error: line ") == 8
    assert ended.err.count("Error: ") == 8
    assert "100 lines: 8 unknown, 92 not submitted." in ended.err


@pytest.mark.parametrize("patience", ["-1", "nan"])
def test_patience_is_a_time(shell: Shell, patience: str) -> None:
    """Anything else is wrong usage."""
    ended = shell("batch", ideas(shell, 1), "--patience", patience)
    assert ended.code == 2
    assert "--patience must be seconds, 0 or more" in ended.err
