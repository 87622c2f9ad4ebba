"""One plot of lines, as plain SVG: nothing to install, and the same bytes each time."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import TypeAlias

Points: TypeAlias = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 60
_STYLES = (  # told apart without colours, too
    'stroke="#0b6e4f" stroke-width="2.5"',
    'stroke="#c8553d" stroke-width="2"',
    'stroke="#28407a" stroke-width="2" stroke-dasharray="7 6"',
    'stroke="#777777" stroke-width="1.5" stroke-dasharray="2 4"',
)
_TEXT = 'font-family="sans-serif" font-size="13" fill="#222"'


def svg(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """The plot; both axes begin at 0, `across` and `up` name them with their units."""
    most_across = max(x for points in lines.values() for x, _ in points)
    most_up = max(y for points in lines.values() for _, y in points)
    frame = _Frame(most_across, most_up)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _label(title, _LEFT, 28, "start"),
        *frame.grid(),
        _label(across, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14),
        _label(up, 18, (_TOP + _HEIGHT - _BOTTOM) / 2, turned=True),
    ]
    for number, (name, points) in enumerate(lines.items()):
        style = _STYLES[number]
        path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" {style}/>')
        parts += _entry(name, style, _TOP + 22 + 22 * number)
    return "\n".join([*parts, "</svg>\n"])


class _Frame:
    """From figures to places."""

    def __init__(self, most_across: float, most_up: float) -> None:
        self._step_x, self._step_y = _step(most_across), _step(most_up)
        self._most_x = self._step_x * ceil(most_across / self._step_x)
        self._most_y = self._step_y * ceil(most_up / self._step_y)

    def x(self, value: float) -> float:
        """How far from the left."""
        return _LEFT + value / self._most_x * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """How far from the top."""
        return _HEIGHT - _BOTTOM - value / self._most_y * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> Iterator[str]:
        """Lines and figures at round values."""
        for number in range(round(self._most_x / self._step_x) + 1):
            at = self.x(number * self._step_x)
            yield _rule(at, self.y(0), at, self.y(self._most_y))
            yield _label(f"{number * self._step_x:,.0f}", at, self.y(0) + 18)
        for number in range(round(self._most_y / self._step_y) + 1):
            at = self.y(number * self._step_y)
            yield _rule(self.x(0), at, self.x(self._most_x), at)
            yield _label(f"{number * self._step_y:,.0f}", self.x(0) - 8, at + 4, "end")


def _step(most: float) -> float:
    """A round distance, of which 4 to 10 go into the whole."""
    unit = 10.0 ** floor(log10(most))
    return next(share * unit for share in (0.1, 0.2, 0.25, 0.5, 1.0) if most / (share * unit) <= 8)


def _entry(name: str, style: str, at: float) -> Iterator[str]:
    left = _LEFT + 18
    yield f'<line x1="{left}" y1="{at - 4}" x2="{left + 34}" y2="{at - 4}" {style}/>'
    yield _label(name, left + 42, at, "start")


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="#ddd" stroke-width="1"/>'


def _label(text: str, x: float, y: float, anchor: str = "middle", *, turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}'
    return f"<text {place} {_TEXT}>{escape(text)}</text>"
