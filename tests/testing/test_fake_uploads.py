"""The upload host: three ways to send a file, and an envelope of its own."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest
from raw_client import HOOK, Raw, fake_suno, raw

DATA_KEYS = {"fileName", "filePath", "downloadUrl", "fileSize", "mimeType", "uploadedAt"}


async def send(api: Raw, path: str, body: Any) -> dict[str, Any]:
    """The body of the answer of the upload host."""
    content = aiohttp.JsonPayload(body) if isinstance(body, dict) else body
    async with api.session.post(f"{api.fake.upload_url}/api/{path}", data=content) as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def fetched(api: Raw, url: str) -> tuple[bytes, str]:
    """The bytes and the type behind a link."""
    async with api.session.get(url) as response:
        assert response.status == 200
        return await response.read(), response.content_type


def form(**fields: Any) -> aiohttp.FormData:
    """A form with a file in it."""
    made = aiohttp.FormData()
    for name, value in fields.items():
        if name == "file":
            made.add_field(name, value, filename="sent.png", content_type="image/png")
        else:
            made.add_field(name, value)
    return made


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
async def test_base64(prefix: str) -> None:
    """A file sent as text is kept and served again, bare or as a data URL."""
    async with raw(fake_suno()) as api:
        text = prefix + base64.b64encode(b"\x89PNG...").decode()
        body = {"base64Data": text, "uploadPath": "images/mine", "fileName": "a b.png"}
        answer = await send(api, "file-base64-upload", body)
        assert answer.keys() == {"success", "code", "msg", "data"}
        assert (answer["success"], answer["msg"]) == (True, "File uploaded successfully")
        data = answer["data"]
        assert data.keys() == DATA_KEYS
        assert (data["fileName"], data["filePath"]) == ("a b.png", "images/mine/a b.png")
        assert (data["fileSize"], data["mimeType"]) == (7, "image/png")
        assert data["uploadedAt"].startswith("2026-01-01T00:00:00.")
        assert await fetched(api, data["downloadUrl"]) == (b"\x89PNG...", "image/png")
        assert api.fake.ledger.charged() == []


async def test_a_form_is_streamed() -> None:
    """A file in a form is kept, whatever the order of the fields, also in pieces."""

    async def pieces() -> AsyncGenerator[bytes]:
        for index in range(300):
            yield bytes([index % 256]) * 1000
            await asyncio.sleep(0)

    async with raw(fake_suno()) as api:
        answer = await send(api, "file-stream-upload", form(file=pieces(), uploadPath="a"))
        data = answer["data"]
        assert (data["fileSize"], data["mimeType"]) == (300_000, "image/png")
        assert data["fileName"].endswith(".png")
        content, _ = await fetched(api, data["downloadUrl"])
        assert content == b"".join(bytes([index % 256]) * 1000 for index in range(300))
        first = await send(
            api, "file-stream-upload", form(uploadPath="b", fileName="x.png", file=b"1")
        )
        assert first["data"]["filePath"] == "b/x.png"
        assert api.fake.ledger.entries[1].body == {
            "uploadPath": "b",
            "fileName": "x.png",
            "sentName": "sent.png",
        }


async def test_by_url() -> None:
    """A file that lies elsewhere is made up, one of the fake's own is copied."""
    async with raw(fake_suno()) as api:
        own = await send(
            api, "file-base64-upload", {"base64Data": "YQ==", "uploadPath": "a", "fileName": "x"}
        )
        body = {"fileUrl": own["data"]["downloadUrl"], "uploadPath": "b", "fileName": "y"}
        copied = (await send(api, "file-url-upload", body))["data"]
        assert (await fetched(api, copied["downloadUrl"]))[0] == b"a"
        body = {"fileUrl": "https://files.example/a/song.mp3", "uploadPath": "b"}
        data = (await send(api, "file-url-upload", body))["data"]
        assert data["mimeType"] == "audio/mpeg"
        assert (await fetched(api, data["downloadUrl"]))[0].startswith(b"\xff\xfb")


async def test_an_equal_name_overwrites() -> None:
    """The same path holds what was sent last."""
    async with raw(fake_suno()) as api:
        body = {"uploadPath": "a", "fileName": "x"}
        first = await send(api, "file-base64-upload", body | {"base64Data": "YQ=="})
        assert (await fetched(api, first["data"]["downloadUrl"]))[0] == b"a"
        second = await send(api, "file-base64-upload", body | {"base64Data": "YmI="})
        assert second["data"]["downloadUrl"] == first["data"]["downloadUrl"]
        assert (await fetched(api, first["data"]["downloadUrl"]))[0] == b"bb"


async def test_uploads_are_kept_for_three_days() -> None:
    """After three days an upload is gone."""
    async with raw(fake_suno()) as api:
        body = {"base64Data": "YQ==", "uploadPath": "a"}
        url = (await send(api, "file-base64-upload", body))["data"]["downloadUrl"]
        await asyncio.sleep(3 * 86_400 - 1)
        await fetched(api, url)
        await asyncio.sleep(2)
        async with api.session.get(url) as response:
            assert response.status == 404


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        (
            "file-base64-upload",
            {"base64Data": "YQ=="},
            400,
            "Missing required parameter: uploadPath",
        ),
        ("file-base64-upload", {"uploadPath": "a"}, 400, "Missing required parameter: base64Data"),
        ("file-base64-upload", {"base64Data": "?", "uploadPath": "a"}, 400, "Invalid base64 data"),
        ("file-base64-upload", {"base64Data": "YQ==", "uploadPath": "/a"}, 400, "a slash"),
        ("file-base64-upload", {"base64Data": "YQ==", "uploadPath": "a/"}, 400, "a slash"),
        ("file-url-upload", {"fileUrl": "x", "uploadPath": "a"}, 400, "http or https"),
        ("file-url-upload", {"fileUrl": HOOK, "uploadPath": "a"}, 500, "Failed to download"),
        ("file-stream-upload", {"uploadPath": "a"}, 400, "Missing required parameter: file"),
    ],
)
async def test_bad_uploads(path: str, body: dict[str, str], code: int, message: str) -> None:
    """Refusals have success false, a code, a message, and no data at all."""
    async with raw(fake_suno()) as api:
        answer = await send(api, path, body)
        assert answer.keys() == {"success", "code", "msg"}
        assert (answer["success"], answer["code"]) == (False, code)
        assert message in answer["msg"]


async def test_a_form_without_its_file_or_path() -> None:
    """A form needs a file and a path, and must be readable."""
    async with raw(fake_suno()) as api:
        for fields in ({"uploadPath": "a", "fileName": "b"}, {"file": b"1"}):
            answer = await send(api, "file-stream-upload", form(**fields))
            assert answer["code"] == 400
        broken = {"Content-Type": "multipart/form-data; boundary=x"}
        url = f"{api.fake.upload_url}/api/file-stream-upload"
        async with api.session.post(url, data=b"nothing", headers=broken) as response:
            assert (await response.json())["code"] == 400


async def test_who_may_not_and_how_not() -> None:
    """A wrong key is answered with 401, a wrong method with 405, both in this envelope."""
    async with raw(fake_suno(), key="wrong") as api:
        answer = await send(api, "file-base64-upload", {"base64Data": "YQ==", "uploadPath": "a"})
        assert answer == {
            "success": False,
            "code": 401,
            "msg": "Authentication failed: Invalid API Key",
        }
        async with api.session.get(f"{api.fake.url}/api/file-url-upload") as response:
            assert (await response.json())["code"] == 405
