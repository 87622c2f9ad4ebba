"""What the package index gets of this project: its addresses, and README with links that are whole.

The repository's address stands once, in pyproject.toml. In a clone README's links are relative, so
that they work in any fork and without a network; an index shows the page alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://)([^)\s]+)\)")


class Metadata(MetadataHookInterface):
    """Called by hatchling when it makes the metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the page and the addresses."""
        text = Path(self.root, "README.md").read_text("utf-8")
        repository = self.config["repository"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_whole_links(text, repository),
        }
        metadata["urls"] = urls(repository)


def urls(repository: str) -> dict[str, str]:
    """The project's addresses."""
    return {
        "Source": repository,
        "Documentation": f"{repository}#readme",
        "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
        "Results": f"{repository}/blob/HEAD/benchmarks/RESULTS.md",
        "Issues": f"{repository}/issues",
        "Security": f"{repository}/security/advisories/new",
    }


def with_whole_links(text: str, repository: str) -> str:
    """The page with absolute addresses in place of paths and chapters; code stays as it is."""

    def whole(link: re.Match[str]) -> str:
        picture, shown, target = link.groups()
        if target[0] != "#":
            target = f"/{'raw' if picture else 'blob'}/HEAD/{target}"
        return f"{picture}[{shown}]({repository}{target})"

    parts = re.split(r"(?ms)(^```.*?^```$)", text)
    return "".join(part if n % 2 else _LINK.sub(whole, part) for n, part in enumerate(parts))
