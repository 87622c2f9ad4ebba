"""How the API reference is built: `sphinx-build -W .ci/reference build/reference`.

Its guides are README's own chapters: a page for each group of README's `Read on`, which is read
from there. The page's file has the name of its group alone.
"""

from __future__ import annotations

import re
import sys
import tomllib
from enum import Enum
from pathlib import Path
from random import random
from typing import TYPE_CHECKING, Any

import attrs
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util import logging
from sphinx.util.inspect import object_description
from sphinx.util.nodes import make_refnode

import suno_async
from suno_async import errors, operations, results, testing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ARGUMENTS = re.compile(r"^Args:\n(?: {4}.*\n?)+\n?", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_MADE_FOR_USERS = {
    f"suno_async.{name}" for name in ("Task", "Batch", "Outcome", "UnhandledCallback")
}
_MADE_FOR_USERS |= {"suno_async.testing._api.jobs.Job", "suno_async.journal.JournalReader"}
testing.Fault.__repr__ = lambda self: self.name  # all its fields would fill lines
_SHORT = {
    "NOTHING": "...",
    repr(testing.TRANSIENT): "TRANSIENT",
    object_description(random): "random",
}

_ROOT = Path(__file__).parents[2]
_README = (_ROOT / "README.md").read_text("utf-8")
_CHAPTERS = dict(re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", _README))
_GROUPS = {
    group.strip(): re.findall(r"\[(.+?)\]", chapters)
    for group, chapters in re.findall(
        r"([\w ]+): ((?:\[.+?\]\(.+?\)(?: · )?)+)", _README.partition("**Read on.**")[2]
    )
}

project = "suno-async"
release = suno_async.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 2
html_theme = "furo"
html_title = f"suno-async {release}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
add_module_names = False
default_role = "py:obj"  # docstrings put names and values between single backticks
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", r"[a-z_].*|[A-Z0-9_]+"),  # an argument, a value
    ("py:obj", r"None|True|False|Location|Poll|Vocals|Redis(Cluster)?"),  # values, and others'
    ("py:(class|exc)", r"(?!suno_async\b)[\w.]+\.\w+|[a-z]+|Path(Like)?"),  # of other packages
    ("py:class", r"Callable.*|tuple.str|(.*\.)?(R|R_co|_T|_Ts|D|Op|Op_co|Moment)"),  # no pages
]
for _name, _module in sys.modules.items():  # what they add to `str` is for reading answers only
    if _name.startswith("suno_async.results._") and not _name.endswith("_base"):
        vars(_module).update({alias: str for alias in ("Url", "Given") if alias in vars(_module)})

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
maximum_signature_line_length = 100  # beyond it, a line for each argument
autodoc_default_options = {
    "members": True,
    "inherited-members": "object,BaseException,str,int,Protocol",
}


def read_docstring(
    _app: Sphinx, _what: str, name: str, obj: Any, _options: Any, lines: list[str]
) -> None:
    """Turn `Args:` and `Raises:` into reStructuredText; the colons of attributes stay text."""
    text = "\n".join(lines)
    if attrs.has(obj):  # its fields follow, and say the same
        text = _ARGUMENTS.sub("", text)
    text = _QUOTED.sub(_as_literal, text)
    lines[:] = GoogleDocstring(text.splitlines(), Config()).lines()


def _as_literal(quoted: re.Match[str]) -> str:
    """Show what is no name as it is: a reference would lose its first dot."""
    return quoted[0] if _NAME.fullmatch(quoted[1]) else f"``{quoted[1]}``"


def show_signature(
    _app: Sphinx, what: str, name: str, obj: Any, _options: Any, given: str | None, returned: str
) -> tuple[str | None, str | None]:
    """Leave out how to build what users do not build; show a factory as a stub does."""
    is_made = name in _MADE_FOR_USERS or getattr(obj, "_is_protocol", False)
    if is_made or what == "exception" or (what == "class" and issubclass(obj, Enum)):
        return "", None
    for default, short in _SHORT.items():
        given = given and re.sub(f" ?= ?{re.escape(default)}", f" = {short}", given)
    return given, returned


def find_elsewhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contents: nodes.Element
) -> nodes.Element | None:
    """Lead a name to where it is documented, whichever module defines it."""
    target = node["reftarget"]
    if target[0].islower() and not target.startswith("suno_async."):
        return None
    is_of_testing = "suno_async.testing" in f"{node.get('py:module')} {target}"
    name = target if node["reftype"] == "obj" else target.rpartition(".")[2]
    found = [
        (("testing" in full) is not is_of_testing, full, entry)
        for full, entry in env.domains.python_domain.objects.items()
        if full.endswith(f".{name}") and not entry.aliased
    ]
    if not found:
        return None
    _, full, entry = min(found, key=lambda one: one[0])
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contents, full)


def tell_missing(_app: Sphinx, env: BuildEnvironment) -> Iterator[str]:
    """Warn of each public name that is on no page, and of each group of chapters that is none."""
    for group in _GROUPS:
        if _anchor(group) not in env.found_docs:
            logging.getLogger(__name__).warning("%s is no page", group)
    shown = env.domains.python_domain.objects
    wanted = {f"suno_async.testing.{name}" for name in testing.__all__}
    for name in suno_async.__all__:
        wanted.add(f"suno_async.{'errors.' * hasattr(errors, name)}{name}")
    for module in operations, results:
        documented = {full.rpartition(".")[2] for full in shown if module.__name__ in full}
        wanted |= {
            f"{module.__name__}.{name}"
            for name in module.__all__
            if name not in documented and name not in suno_async.__all__
        }
    for name in sorted(wanted - set(shown)):
        logging.getLogger(__name__).warning("%s is on no page", name)
    return iter(())


def read_guide(_app: Sphinx, name: str, source: list[str]) -> None:
    """Put README's chapters under the name of their group, with links that lead on from there."""
    if not source[0].startswith("# "):
        return
    group = source[0].removeprefix("# ").strip()
    pages = {
        _anchor(chapter): "" if page == group else f"{_anchor(page)}.md"
        for page, chapters in _GROUPS.items()
        for chapter in chapters
    }
    text = "".join(f"\n## {chapter}\n{_CHAPTERS[chapter]}" for chapter in _GROUPS[group])
    text = re.sub(r"\]\(#([\w-]+)\)", lambda link: f"]({pages[link[1]]}#{link[1]})", text)
    text = re.sub(r"(!\[[^\]]*\]\()(?!http)", r"\1../../", text)
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
    repository = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
    text = re.sub(
        r"(?<!!)(\[[^\]]*\]\()(?!http|[\w-]*(?:\.md)?#)", rf"\1{repository}/blob/HEAD/", text
    )
    source[0] = f"# {group}\n{text.replace('```csv', '```text')}"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def setup(app: Sphinx) -> None:
    """Connect what is defined here."""
    app.connect("source-read", read_guide)
    app.connect("autodoc-process-docstring", read_docstring)
    app.connect("autodoc-process-signature", show_signature)
    app.connect("missing-reference", find_elsewhere)
    app.connect("env-updated", tell_missing)
