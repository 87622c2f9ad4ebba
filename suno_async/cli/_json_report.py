"""The report for machines: one JSON object a line on stdout, and nothing else there."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from attrs import define

from suno_async import Stage, operation_to_dict

from ._report import Report, awaited, items, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from suno_async import Lyrics, SunoError, Task, TaskEvent, TaskOperation
    from suno_async.results import Result


_NAMES = {"music": "tracks"}  # what a result is called, where that is not its kind


@define(eq=False)
class JsonReport(Report):
    """Each event, file, answer and error as one object."""

    def parked(self, outage: SunoError | None) -> None:
        """Put out what is waited for, or that it goes on."""
        super().parked(outage)
        self._put(waiting_for=outage and awaited(outage), message=outage and str(outage))

    def gave_up(self, outage: SunoError, patience: float) -> None:
        """Put out what was waited for in vain."""
        super().gave_up(outage, patience)
        self._put(gave_up=awaited(outage), patience=patience if isfinite(patience) else None)

    def planned(self, line: int, operation: TaskOperation[Any], fate: str) -> None:
        """Put out the line, what it asks for, and what a batch would do with it."""
        name, fields = type(operation).__name__, operation_to_dict(operation)
        self._put(line=line, operation=name, fields=fields, fate=fate)

    def accepted(self, task: Task[Any]) -> None:
        """Put out the token, which is all there is yet."""
        self._put(task=task.token, stage=Stage.PENDING)

    def resumed(self, task: Task[Any]) -> None:
        """Put out the token, and that an earlier run began the task."""
        self._put(task=task.token, stage=Stage.PENDING, resumed=True)

    def known(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """Put out the last stage, as if the task were complete now."""
        self._reached(task, event, resumed=True)

    def reached(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """Put out the stage with the whole result as it is then."""
        self._reached(task, event)

    def _reached(self, task: Task[Any], event: TaskEvent[Any], **facts: object) -> None:
        result = [item.to_dict() for item in items(event.result)]
        shown = result if isinstance(event.result, tuple) else result[0]
        name = _NAMES.get(task.kind, task.kind)
        facts |= {"implied": event.implied, name: shown}
        self._put(task=task.token, stage=event.stage, **facts)

    def written(self, task: Task[Any], item: Any, path: Path) -> None:
        """Put out the file's path."""
        self._put(task=task.token, file=str(path), track=key_of(item) or None)

    def words(self, lyrics: Lyrics) -> None:
        """Nothing: the words are in the event."""

    def data(self, made: Result) -> None:
        """Nothing: the data is in the event."""

    def answer(self, name: str, value: float) -> None:
        """Put out the answer under its name."""
        self._put(**{name: value})

    def problem(self, error: SunoError, code: int, **facts: object) -> None:
        """Put out the error's class, its sentence and what it is about."""
        super().problem(error, code, **facts)
        facts.pop("is_repeated", None)
        about = {"kind": error.kind, "message": str(error), "task": error.token, "exit": code}
        self._put(error=type(error).__name__, **about | facts)

    def stopped(self, sentence: str, tokens: list[str]) -> None:
        """Put out what is still being made."""
        super().stopped(sentence, tokens)
        self._put(error="Interrupted", kind=None, message=sentence, tasks=tokens)

    def summary(self, counts: Mapping[str, object], sentence: str) -> None:
        """Put out the counts."""
        super().summary(counts, sentence)
        self._put(summary=counts)

    def _put(self, **facts: object) -> None:
        line = self.lines.get(str(facts.get("task")))
        self.result(json.dumps(facts if line is None else {"line": line} | facts))
