"""Make all songs of a list by night, and write a report: `python nightly.py ideas.txt`.

A line is a song. Journal (`ideas.sqlite`), songs (`ideas/`) and report (`ideas.md`) lie beside the
list. Run again after any end, it goes on, and pays for nothing twice. It ends with 1 if a line has
no song, for cron or a timer to say so.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from suno_async import (
    GenerateMusic,
    InvalidRequest,
    Outcome,
    SubmissionUnknown,
    SunoClient,
    SunoError,
)


def read(line: str) -> GenerateMusic | InvalidRequest:
    try:
        return GenerateMusic(line)
    except InvalidRequest as error:  # an outcome, too, in the place of its line
        return error


async def kept(suno: SunoClient, outcome: Outcome[GenerateMusic], folder: Path) -> tuple[str, str]:
    try:
        tracks = outcome.result
        files = await suno.download(tracks, folder, sidecar=True)
    except SubmissionUnknown as error:
        return "in doubt", str(error)  # may have been paid for: look at the account's page
    except SunoError as error:
        return "failed", str(error)
    return "done", ", ".join(file.name for file in files)


async def main(ideas: Path) -> int:
    lines = [line for line in ideas.read_text("utf-8").splitlines() if line.strip()]
    found: dict[int, tuple[str, str]] = dict.fromkeys(range(len(lines)), ("not begun", ""))
    ended = ""
    async with SunoClient(journal=ideas.with_suffix(".sqlite")) as suno:
        before = await suno.get_credits()
        try:
            async for outcome in suno.batch([read(line) for line in lines]):
                found[outcome.index] = await kept(suno, outcome, ideas.with_suffix(""))
        except SunoError as error:  # an outage that lasted, or a wrong key: what was paid is above
            ended = f"\nIt ended early: {error}\n"
        spent = before - await suno.get_credits() if not ended else None
    count = Counter(state for state, _ in found.values())
    head = f"# {ideas.name}: {dict(count)}, credits spent: {spent}\n{ended}\n"
    rows = [f"- {lines[index]}: **{state}** {told}\n" for index, (state, told) in found.items()]
    ideas.with_suffix(".md").write_text(head + "".join(rows), "utf-8")
    return int(count["done"] < len(lines))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
