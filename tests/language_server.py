"""As much of an editor as asks pyright's language server about a call that is being typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from typing import IO, Self

_EDITOR = {
    "workspace": {"configuration": True},
    "textDocument": {
        "hover": {"contentFormat": ["plaintext"]},
        "signatureHelp": {
            "signatureInformation": {
                "activeParameterSupport": True,
                "documentationFormat": ["plaintext"],
            }
        },
    },
}


@define(eq=False)
class LanguageServer:
    """The server on one file, which is opened with the first question."""

    file: Path
    """The file in the editor."""
    _process: subprocess.Popen[bytes] = field(init=False)
    _asked: int = field(default=0, init=False)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "pyright.langserver", "--stdio"]
        self._process = subprocess.Popen(  # noqa: S603 our own checker
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        root = self.file.parent.as_uri()
        folders = [{"uri": root, "name": "typed"}]
        self._ask("initialize", processId=None, capabilities=_EDITOR, workspaceFolders=folders)
        self._send({"method": "initialized", "params": {}})
        opened = {"uri": self.file.as_uri(), "languageId": "python", "version": 1}
        text = {**opened, "text": self.file.read_text()}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": text}})
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            self._process.kill()

    def argument(self, line: int, column: int) -> dict[str, str]:
        """The argument at this place as its name, with the text shown of it while it is typed."""
        found = self._at("textDocument/signatureHelp", line, column)
        signature = found["signatures"][found.get("activeSignature") or 0]
        parameter = signature["parameters"][signature["activeParameter"]]
        label, text = parameter["label"], parameter["documentation"]["value"]
        return {label.partition(":")[0]: text}

    def hover(self, line: int, column: int) -> str:
        """What is shown of the name at this place."""
        text: str = self._at("textDocument/hover", line, column)["contents"]["value"]
        return text

    def _at(self, method: str, line: int, column: int) -> Any:
        place = {"line": line, "character": column}
        return self._ask(method, textDocument={"uri": self.file.as_uri()}, position=place)

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == self._asked:
                return message["result"]
            if (
                "method" in message and "id" in message
            ):  # it asks for its settings, or to be registered
                items = message["params"].get("items", ())
                settings = [{"pythonPath": sys.executable} for _ in items]
                self._send({"id": message["id"], "result": settings or None})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        pipe = _sound(self._process.stdin)
        pipe.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        pipe.flush()

    def _receive(self) -> dict[str, Any]:
        pipe = _sound(self._process.stdout)
        length = 0
        while header := pipe.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(pipe.read(length))
        return message


def _sound(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
