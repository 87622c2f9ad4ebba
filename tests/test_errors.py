"""The tree of errors: codes, sentences, pickles."""

from __future__ import annotations

import pickle
from typing import Any, NoReturn

import pytest

from suno_async import GenerateMusic, errors
from suno_async._wire.refusals import api_error, failure_class
from suno_async.errors import SunoError
from suno_async.operations._base import Host


def _subclasses(cls: type[SunoError]) -> list[type[SunoError]]:
    return [cls, *(sub for one in cls.__subclasses__() for sub in _subclasses(one))]


EVERY = sorted(set(_subclasses(SunoError)), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", EVERY)
def test_pickles_whole(cls: type[SunoError]) -> None:
    """An error that crosses a process keeps every field."""
    error = cls("it broke", "music:1", "music")
    if isinstance(error, errors.SubmissionUnknown):
        error.cause = errors.ConnectionFailed("gone")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 our own pickle
    assert type(back) is cls
    assert (back.token, back.kind, str(back)) == ("music:1", "music", str(error))


def _nested() -> list[Any]:
    nest: list[Any] = []
    for _ in range(10_000):
        nest = [nest]
    return nest


class _Shy:
    """What nobody can show, and no process pass on."""

    def __repr__(self) -> str:
        raise RuntimeError

    def __reduce__(self) -> NoReturn:
        raise RuntimeError


@pytest.mark.parametrize("given", [lambda: None, _Shy(), _nested(), (one for one in "a")])
def test_what_was_given_may_be_anything(given: Any) -> None:
    """An operation refused for an object of any kind prints, shows itself and pickles."""
    with pytest.raises(errors.InvalidRequest) as caught:
        GenerateMusic(title=given)
    error = caught.value
    assert error.problems[0].given is given
    assert "title must be text (given: " in str(error)
    assert len(repr(error)) < 1_000
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 our own pickle
    assert [fault.field for fault in back.problems] == ["title"]
    assert back.problems[0].problem == "must be text"


@pytest.mark.parametrize("cls", EVERY)
def test_prints_as_a_sentence(cls: type[SunoError]) -> None:
    """No error prints as a bare tuple, and none prints nothing."""
    said = str(cls("it broke"))
    assert "it broke" in said
    assert not said.startswith("(")


@pytest.mark.parametrize("cls", EVERY)
def test_stands_in_the_drawn_tree(cls: type[SunoError]) -> None:
    """The tree at the top of the file names every class."""
    assert errors.__doc__ is not None
    assert cls.__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("host", "code", "message", "expected"),
    [
        (Host.API, 400, "Please enter callBackUrl.", errors.BadRequest),
        (Host.API, 401, "no", errors.AuthenticationFailed),
        (Host.API, 402, "no", errors.InsufficientCredits),
        (Host.API, 404, "no", errors.NotFound),
        (Host.API, 405, "Rate limit exceeded", errors.RateLimited),
        (Host.UPLOAD, 405, "Method not allowed", errors.BadRequest),
        (Host.API, 409, "exists", errors.Conflict),
        (Host.API, 413, "too long", errors.TooLong),
        (Host.API, 422, "bad", errors.BadRequest),
        (Host.API, 429, "The current credits are insufficient.", errors.InsufficientCredits),
        (Host.API, 429, "", errors.InsufficientCredits),
        (Host.API, 429, "generation refused", errors.InsufficientCredits),
        (Host.API, 429, "Your call frequency is too high.", errors.RateLimited),
        (Host.API, 429, "Rate limited: no credits were taken", errors.InsufficientCredits),
        (Host.API, 430, "Your call frequency is too high.", errors.RateLimited),
        (Host.API, 451, "cannot fetch", errors.BadRequest),
        (Host.API, 455, "maintenance", errors.Maintenance),
        (Host.API, 500, "no", errors.ServerError),
        (Host.API, 531, "refunded", errors.ServerError),
        (Host.UPLOAD, 401, "no", errors.AuthenticationFailed),
        (Host.UPLOAD, 500, "no", errors.ServerError),
        (Host.API, 433, "unheard of", errors.APIError),
    ],
)
def test_a_code_means_what_it_means_there(
    host: Host, code: int, message: str, expected: type[errors.APIError]
) -> None:
    """The body's code decides, by the host that said it and, for 429, by the words."""
    error = api_error(host, code, message, http_status=200)
    assert type(error) is expected
    assert (error.code, error.http_status, error.message) == (code, 200, message)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, errors.AuthenticationFailed),
        (403, errors.APIError),
        (404, errors.NotFound),
        (429, errors.RateLimited),
        (502, errors.ServerError),
    ],
)
def test_a_bare_status_counts_where_there_is_no_envelope(
    status: int, expected: type[errors.APIError]
) -> None:
    """Without an envelope a 429 is about the rate and a 403 is not about the key."""
    assert type(api_error(Host.API, None, "", http_status=status)) is expected


def test_failed_tasks_tell_rejected_words_from_the_rest() -> None:
    """What will be rejected again is another class than what may work next time."""
    assert failure_class("SENSITIVE_WORD_ERROR", None) is errors.ContentRejected
    assert failure_class("error", 413) is errors.ContentRejected
    assert failure_class("GENERATE_AUDIO_FAILED", 500) is errors.TaskFailed
    assert errors.TaskFailed("x", code=531).refunded
    assert not errors.TaskFailed("x", code=500).refunded
