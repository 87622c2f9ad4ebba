"""Words of a list that the service may lengthen any day: what looks like a slip is asked about.

Any other word is passed on, for new ones come without a release of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEPARATORS = str.maketrans(dict.fromkeys("_-. "))
_SHORT, _LONG = 5, 8  # letters: a slip in "V6" would be another model, and one in "en" a language


def slip(given: str, known: Iterable[str]) -> str | None:
    """What is wrong with a word that is not known, `None` for one that may be a new one."""
    known = tuple(known)
    if given in known:
        return None
    if not given.strip():
        return f"must be one of {', '.join(known)}, or a newer one"
    meant = next((word for word in known if _is_close(given, word)), None)
    return None if meant is None else f"is not known: did you mean {meant!r}?"


def _squeezed(word: str) -> str:
    return word.translate(_SEPARATORS).casefold()


def _is_close(given: str, word: str) -> bool:
    """Whether they differ by a slip or, if the word is long, by two.

    Another number is no slip, and neither is one more part, as in `V6_WILD_X`.
    """
    one, other = _squeezed(given), _squeezed(word)
    slips = (len(other) >= _SHORT) + (len(other) >= _LONG)
    if given.count("_") > word.count("_"):
        slips = 0
    if _digits(one) != _digits(other) or abs(len(one) - len(other)) > slips:
        return False
    return _distance(one, other) <= slips


def _digits(word: str) -> list[str]:
    return [letter for letter in word if letter.isdigit()]


def _distance(one: str, other: str) -> int:
    """How many letters must be added, left out, changed or swapped with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for column, wanted in enumerate(other, 1):
            changed = last[column - 1] + (letter != wanted)
            best = min(last[column] + 1, here[column - 1] + 1, changed)
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                best = min(best, before[column - 2] + 1)
            here.append(best)
        before, last = last, here
    return last[-1]
