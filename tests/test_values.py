"""Single values of an answer: what each reader takes, and where it draws the line."""

from __future__ import annotations

import time as clock
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cattrs import BaseValidationError
from hypothesis import given
from hypothesis import strategies as st

from suno_async._wire import converter as values
from suno_async._wire.records import each_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("read", "given", "expected"),
    [
        (values.text, "", ""),
        (values.text, " a ", " a "),
        (values.text, 7, "7"),
        (values.text, 1.5, "1.5"),
        (values.text_or_none, " a ", "a"),
        (values.text_or_none, 7, "7"),
        (values.text_or_none, "", None),
        (values.text_or_none, " \n", None),
        (values.number, 7, 7.0),
        (values.number, " -1.5 ", -1.5),
        (values.whole, "-7.9", -7),
        (values.whole, 7.9, 7),
        (values.whole, 2**60 + 1, 2**60 + 1),
        (values.flag, " TRUE ", True),
        (values.flag, 1, True),
        (values.flag, "0", False),
        (values.flag, False, False),
        (values.time, " 2025-01-01 ", datetime(2025, 1, 1, tzinfo=UTC)),
        (values.time, " 1735689600 ", datetime(2025, 1, 1, tzinfo=UTC)),
        (values.time, 1735689600.5, datetime(2025, 1, 1, 0, 0, 0, 500_000, UTC)),
        (values.time, 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (values.time, 99_999_999_999, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (values.time, 100_000_000_000, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (values.time, "2025-01-01T02:00:00+02:00", datetime(2025, 1, 1, tzinfo=UTC)),
    ],
)
def test_what_is_read(read: Callable[[Any], Any], given: Any, expected: Any) -> None:
    """The same value in all the ways in which the service writes it, and of its own type."""
    found = read(given)
    assert found == expected
    assert type(found) is type(expected)
    assert not isinstance(found, datetime) or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("read", "given", "error", "match"),
    [
        (values.text, True, TypeError, "expected text, got bool"),
        (values.text, None, TypeError, "expected text, got NoneType"),
        (values.text, ["a"], TypeError, "expected text, got list"),
        (values.number, True, TypeError, "expected a number, got bool"),
        (values.number, None, TypeError, "expected a number, got NoneType"),
        (values.number, "seven", ValueError, "could not convert"),
        (values.number, "nan", ValueError, "reckoned with"),
        (values.number, "-inf", ValueError, "reckoned with"),
        (values.number, 10**400, ValueError, "reckoned with"),
        (values.whole, False, TypeError, "expected a number, got bool"),
        (values.flag, "yes", ValueError, "expected true or false, got 'yes'"),
        (values.flag, None, ValueError, "expected true or false, got None"),
        (values.time, "yesterday", ValueError, "Invalid isoformat"),
        (values.time, [], TypeError, "expected a number, got list"),
        (values.time, 10**17, ValueError, "year"),
        (values.time, 10**20, ValueError, "no such time: 1000"),
        (values.time, 1e300, ValueError, r"no such time: 1e\+300"),
    ],
)
def test_what_is_not_read(
    read: Callable[[Any], Any], given: Any, error: type[Exception], match: str
) -> None:
    """Anything else is refused in words that say what was wanted."""
    with pytest.raises(error, match=match):
        read(given)


@given(st.datetimes(datetime(1974, 1, 1), datetime(5138, 1, 1)))  # noqa: DTZ001 made UTC below
def test_one_time_in_every_shape(moment: datetime) -> None:
    """Seconds, milliseconds, text of either and ISO text, with a zone or none, agree."""
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    seconds = int(moment.timestamp())
    shapes = (seconds, seconds * 1000, str(seconds), str(seconds * 1000))
    iso = (moment.isoformat(), moment.replace(tzinfo=None).isoformat(" "))
    assert {values.time(shape) for shape in (*shapes, *iso)} == {moment}


@pytest.mark.skipif(not hasattr(clock, "tzset"), reason="this system has one zone for all")
def test_a_time_without_a_zone_is_utc_wherever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's clock counts, not the reader's."""
    with monkeypatch.context() as abroad:
        abroad.setenv("TZ", "XXX-9")
        clock.tzset()
        there = values.time("2025-01-01 00:00:00")
    clock.tzset()
    assert there == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_result_is_one_or_several() -> None:
    """A tuple is several results, nothing is none, and a list is JSON that was not read yet."""
    assert [each_of(one) for one in ((), (1, 2), "a", [1], None)] == [
        (),
        (1, 2),
        ("a",),
        ([1],),
        (),
    ]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        TypeError("x"),
        OverflowError("x"),
        BaseValidationError("x", [ValueError()], int),  # pyright: ignore[reportCallIssue]
    ],
)
def test_what_may_be_missing_may_be_unreadable(error: Exception) -> None:
    """Either way there is what stands in for it; a mistake of ours is not hidden."""

    def read(value: Any, wanted: Any) -> Any:
        if value == "broken":
            raise error
        if value == "mistake":
            raise KeyError
        return value, wanted

    lenient = values.leniently(read, "instead")
    assert [lenient(one) for one in (None, "broken")] == ["instead"] * 2
    assert [lenient(one, int) for one in (0, "", False)] == [(0, int), ("", int), (False, int)]
    assert values.leniently(read)("broken") is None
    with pytest.raises(KeyError):
        lenient("mistake")


def test_names_from_outside_do_not_fill_the_memory() -> None:
    """A thousand spellings are kept; any others are read just the same."""
    names = values._Names()
    for number in range(1_100):
        assert names[f"audioUrl{number}"] == f"audio_url{number}"
    assert len(names) == 1_000
    assert names["audioUrl5"] == "audio_url5"


@pytest.mark.parametrize(
    ("name", "camel"), [("id", "id"), ("task_id", "taskId"), ("infill_start_s", "infillStartS")]
)
def test_names_as_the_api_spells_them(name: str, camel: str) -> None:
    """Each word but the first begins with a capital."""
    assert values.camel(name) == camel
    assert values.snake(camel) == values.snake(name) == name
