"""Rules for single fields of a request body, with the codes and messages the service answers."""

from collections.abc import Collection
from typing import Any

from suno_async.testing._api.calls import Refusal, Rule
from suno_async.testing._api.facts import BAD, TOO_LONG, Body

_RESIDUE = 1e-6  # what float arithmetic may leave of a whole number of steps


def given(body: Body, name: str) -> bool:
    """Whether a field is there and says something."""
    return body.get(name) not in (None, "", [])


def please_enter(body: Body, *names: str) -> None:
    """Refuse a body that lacks one of these fields."""
    for name in names:
        if not given(body, name):
            raise Refusal(BAD, f"Please enter {name}.")


def leave_out(body: Body, names: Collection[str], why: str) -> None:
    """Refuse a body that carries one of these fields."""
    for name in names:
        if given(body, name):
            raise Refusal(BAD, f"{name} should be left empty {why}.")


def at_most(body: Body, name: str, longest: int) -> None:
    """Refuse a text that is too long."""
    value = body.get(name)
    if isinstance(value, str) and len(value) > longest:
        raise Refusal(TOO_LONG, f"{name} is too long: at most {longest} characters.")


def text(name: str, *, need: bool = False, longest: int | None = None) -> Rule:
    """A text, of `longest` characters at most."""

    def rule(body: Body) -> None:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal(BAD, f"{name} must be a string.")
        if need:
            please_enter(body, name)
        if longest is not None:
            at_most(body, name, longest)

    return rule


def flag(name: str, *, need: bool = False) -> Rule:
    """A boolean."""

    def rule(body: Body) -> None:
        value = body.get(name)
        if value is None and need:
            raise Refusal(BAD, f"{name} cannot be null")
        if value is not None and not isinstance(value, bool):
            raise Refusal(BAD, f"{name} must be a boolean.")

    return rule


def number(
    name: str, low: float, high: float | None = None, *, need: bool = False, step: float = 0.0
) -> Rule:
    """A number within bounds, both allowed, and a multiple of `step`; 1 makes it whole."""

    def rule(body: Body) -> None:
        value = body.get(name)
        if value is None:
            if need:
                raise Refusal(BAD, f"{name} cannot be null")
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refusal(BAD, f"{name} must be a number.")
        if value < low or (high is not None and value > high):
            raise Refusal(BAD, f"{name} is out of range.")
        if step and abs(value / step - round(value / step)) > _RESIDUE:
            raise Refusal(BAD, f"{name} must be a multiple of {step:g}.")

    return rule


def whole(name: str, low: int, high: int | None = None, *, need: bool = False) -> Rule:
    """A whole number within bounds, both allowed."""
    return number(name, low, high, need=need, step=1)


def choice(name: str, values: Collection[str]) -> Rule:
    """One of a few words."""

    def rule(body: Body) -> None:
        if given(body, name) and body[name] not in values:
            raise Refusal(BAD, f"{name} must be one of {', '.join(values)}.")

    return rule


def url(name: str, *, need: bool = False) -> Rule:
    """A URL by http or https."""

    def rule(body: Body) -> None:
        if need:
            please_enter(body, name)
        if given(body, name) and not is_url(body[name]):
            raise Refusal(BAD, f"{name} must be an http or https URL.")

    return rule


def urls(name: str, *, most: int, exactly: int | None = None) -> Rule:
    """A list of URLs by http or https."""

    def rule(body: Body) -> None:
        if body.get(name) is None and exactly is None:
            return
        if not isinstance(body.get(name), list):
            raise Refusal(BAD, f"{name} must be a list.")
        items: list[Any] = body[name]
        if not all(map(is_url, items)):
            raise Refusal(BAD, f"{name} must hold http or https URLs.")
        if exactly is not None and len(items) != exactly:
            raise Refusal(BAD, f"{name} must hold exactly {exactly} URLs.")
        if len(items) > most:
            raise Refusal(BAD, f"{name} must hold at most {most} URLs.")

    return rule


def callback(name: str = "callBackUrl", *, need: bool = True) -> Rule:
    """The callback URL: must be there, need not be reachable."""
    return url(name, need=need)


def is_url(value: Any) -> bool:
    """Whether this is a text that begins as a web address does."""
    return isinstance(value, str) and value.startswith(("http://", "https://"))
