"""Every operation, minimal and maximal, by a model before V6 and by V6: sent, accepted and read.

The requests are drawn from the operations' own fields, so that a new field is covered by itself:
one that no maximal request sends, or that has no sample value, ends the benchmark with an error.
The embedded API judges them; the answer, or what the task has made, is read to its end. On virtual
time, over real sockets; `--full` names the fields.
"""

from collections.abc import Iterator
from typing import Any, cast

from attrs import define, field, fields_dict

from benchmarks._requests import Sources, build, families_of, plan_of, sent
from benchmarks._tables import Cell, Table, Target
from suno_async import RateLimiter, SunoClient, SunoError, TaskOperation
from suno_async.operations import OPERATIONS, Operation
from suno_async.testing import FakeSuno, Timetable, run_virtual

_QUICK = Timetable(scale=0.01)  # songs within seconds: how long they take is not the question
_COLUMNS = ("operation", "model", "request", "fields", "sent", "accepted", "answer")


@define
class Row:
    """One request, and what became of it."""

    operation: str
    model: str | None
    size: str
    given: frozenset[str]
    """The fields that it was built with."""
    sent: frozenset[str] = frozenset()
    """Those of them that arrived."""
    accepted: bool = False
    answer: str | None = None
    """What was read, `None` for nothing."""
    problem: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.operation, self.model, self.size)))

    @property
    def said(self) -> str:
        """What is wrong with it."""
        lost = ", ".join(sorted(self.given - self.sent))
        return self.problem or (f"{lost} did not arrive" if lost else "")

    def cells(self, *, full: bool) -> list[Cell]:
        """As a row of the table."""
        figures: list[Cell] = [len(self.given), len(self.sent), "yes" if self.accepted else "NO"]
        named: list[Cell] = [", ".join(sorted(self.given))] if full else []
        return [self.operation, self.model, self.size, *figures, self.answer or "NONE", *named]


@define
class Findings:
    """All requests."""

    rows: list[Row] = field(factory=list[Row])

    def unsent(self) -> list[str]:
        """The fields of operations that no request brought to the service."""
        return [
            f"{name}.{one}"
            for name, cls in OPERATIONS.items()
            for one in fields_dict(cls)
            if not any(row.operation == name and one in row.sent for row in self.rows)
        ]

    def summary(self) -> Table:
        """How many, and how many of them were refused or not read."""
        refused = sum(not row.accepted for row in self.rows)
        unread = sum(row.answer is None for row in self.rows)
        lost = sum(row.given != row.sent for row in self.rows)
        rows: list[list[Cell]] = [
            ["operations", len(OPERATIONS), None],
            ["fields", sum(len(fields_dict(cls)) for cls in OPERATIONS.values()), None],
            ["requests", len(self.rows), None],
            ["refused by the embedded API", refused, Target(refused, 0)],
            ["answers not read", unread, Target(unread, 0)],
            ["requests of which a field did not arrive", lost, Target(lost, 0)],
        ]
        notes = [f"{row}: {row.said}" for row in self.rows if row.said]
        return Table("All requests", ("", "number", "target"), rows, notes)


def run(*, full: bool) -> Iterator[Table]:
    """Send all of them, then report.

    Raises:
        LookupError: a field is sent by no request, or has no sample value.
    """
    findings = run_virtual(send_all())
    yield findings.summary()
    columns = (*_COLUMNS, "fields in it") if full else _COLUMNS
    yield Table("The requests", columns, [row.cells(full=full) for row in findings.rows])


async def send_all() -> Findings:
    """Every request of every operation, in every family.

    Raises:
        LookupError: as of `run`.
    """
    findings = Findings()
    settings: dict[str, Any] = {"max_rate": None, "send_callbacks": False, "credits": 1e6}
    async with (
        FakeSuno(timetable=_QUICK, **settings) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter(100_000)) as suno,
    ):
        for cls in OPERATIONS.values():
            for model in families_of(cls):
                findings.rows += await _of_family(cls, model, fake, suno)
    if unsent := findings.unsent():
        raise LookupError(f"sent by no request: {', '.join(unsent)}")
    return findings


async def _of_family(
    cls: type[Operation[Any]], model: str | None, fake: FakeSuno, suno: SunoClient
) -> list[Row]:
    sources = await Sources.made(suno, model or "V5")
    plan = plan_of(cls, sources.samples(cls.__name__, model))
    sizes = {"minimal": plan.minimal}
    for number, names in enumerate(plan.maximal, 1):
        sizes[f"maximal {number}" if len(plan.maximal) > 1 else "maximal"] = names
    rows: list[Row] = []
    for size, names in sizes.items():
        row = Row(cls.__name__, model if "model" in names else None, size, names)
        sources = await Sources.made(suno, model or "V5")
        await send_one(row, cls, sources.samples(cls.__name__, model), fake, suno)
        rows.append(row)
    return rows


async def send_one(
    row: Row, cls: type[Operation[Any]], samples: dict[str, Any], fake: FakeSuno, suno: SunoClient
) -> None:
    """Send it, and note what arrived and what was read."""
    operation = build(cls, samples, row.given)
    assert operation is not None  # noqa: S101 it was built in the plan
    begun = len(fake.ledger)
    try:
        if isinstance(operation, TaskOperation):
            answer: Any = await (await suno.submit(operation))
        else:
            answer = await suno.call(operation)
        row.answer = _name_of(answer)
    except SunoError as error:
        row.problem = str(error)
    entry = fake.ledger.entries[begun]
    row.accepted = entry.accepted
    if entry.accepted:
        row.sent = frozenset(sent(operation, row.given, {**entry.query, **(entry.body or {})}))


def _name_of(answer: Any) -> str:
    if isinstance(cast("object", answer), tuple):
        return f"{len(answer)} {_name_of(answer[0])}"
    return type(answer).__name__
