"""Ctrl-C: what is paid for is named, and the command that picks it up again."""

from attrs import evolve

from suno_async.testing import FakeSuno, Fault

from .conftest import Shell

IDEA = "A calm piano tune at dusk"


def test_while_a_song_is_made(shell: Shell, fake: FakeSuno) -> None:
    """The token and the way back are printed; what is there already is named."""
    shell.interrupt_at = 60
    ended = shell("generate", IDEA)
    token = fake.ledger.accepted("generate-music")[0].task_id
    assert ended.code == 130
    assert "Stopped, while the service goes on" in ended.err
    assert ended.err.splitlines()[-1] == f"  suno-async wait music:{token}"
    assert ended.out == f"songs/{shell.songs[0]}\n"


def test_for_machines(shell: Shell) -> None:
    """The last object lists the tokens."""
    shell.interrupt_at = 20
    last = shell("generate", IDEA, "--json").objects[-1]
    assert last["error"] == "Interrupted"
    assert last["tasks"][0].startswith("music:")


def test_while_the_answer_is_on_its_way(shell: Shell, fake: FakeSuno) -> None:
    """The request has left: its answer is awaited, and the task without a caller is named."""
    fake.fail(evolve(Fault.DELAY_AFTER_ACCEPT, seconds=10.0))
    shell.interrupt_at = 2
    ended = shell("generate", IDEA)
    token = fake.ledger.accepted("generate-music")[0].task_id
    assert ended.code == 130
    assert "Waiting for the answer to what has left" in ended.err
    assert ended.err.splitlines()[-1] == f"  suno-async wait music:{token}"


def test_while_no_answer_comes(shell: Shell, fake: FakeSuno) -> None:
    """No answer comes in time: that it may have been paid is said, once."""
    fake.fail(Fault.NEVER_AFTER_ACCEPT)
    shell.interrupt_at = 2
    ended = shell("generate", IDEA)
    assert ended.code == 130
    assert ended.err.count("It is not known whether") == 1
    assert "nothing was paid" not in ended.err


def test_before_anything_has_left(shell: Shell) -> None:
    """Between two attempts to connect, nothing has left: that is said."""
    shell.setenv("SUNO_BASE_URL", "http://127.0.0.1:1")
    shell.interrupt_at = 0.2
    ended = shell.offline("generate", IDEA)
    assert ended.code == 130
    assert "nothing was paid" in ended.err


def test_a_simulation_leaves_nothing_behind(shell: Shell) -> None:
    """Its songs end with it, so no command is offered that could not work."""
    shell.interrupt_at = 60
    ended = shell.simulate("generate", IDEA)
    assert ended.code == 130
    assert "nothing was paid" in ended.err
    assert "suno-async wait" not in ended.err


def test_an_answer_is_all_there_is(shell: Shell, fake: FakeSuno) -> None:
    """Where nothing is paid for, stopping is all there is to say."""
    fake.fail(Fault.NEVER)
    shell.interrupt_at = 1
    ended = shell("credits")
    assert (ended.code, ended.out, ended.err) == (130, "", "Stopped.\n")
