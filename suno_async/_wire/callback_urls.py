"""Callback URLs that nobody can guess, one for each submission.

The last part of the path is `suno1.<what it is for>.<HMAC-SHA256 of that>`. It says which
submission the URL belongs to, so nothing has to be kept anywhere to check it, and a restart keeps
it valid. The part in the middle is base64, not secret; the signature at the end can only be made
with the secret.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from attrs import field, frozen

from suno_async.errors import ConfigurationError

_MARK = "suno1"  # what it is, and which way of writing it
CALLBACK_MARK = f"{_MARK}.".encode()
"""What a body that repeats a callback URL holds."""
_LONGEST = 512  # bytes of a submission's id, so that no server finds the URL too long
_ACCOUNT = 6  # bytes: enough to tell the accounts of one process apart
_SHAPE = re.compile(rf"{_MARK}\.([A-Za-z0-9_-]{{8,1024}})\.[A-Za-z0-9_-]{{43}}")
_ANYWHERE = re.compile(rf"{_MARK}\.([A-Za-z0-9_-]{{8,1024}})\.")
_SIGNED = re.compile(rf"({_MARK}\.[A-Za-z0-9_-]{{8,1024}}\.)[A-Za-z0-9_-]{{43}}".encode())


@frozen
class CallbackPath:
    """Which submission a callback URL belongs to."""

    account: bytes
    """Marks the account that it is of, without saying which that is."""
    kind: str
    """The kind of the task that the submission starts."""
    submission_id: str
    """The submission's id."""

    @property
    def _inside(self) -> bytes:
        return self.account + f"{self.kind}:{self.submission_id}".encode()

    def written(self, secret: bytes) -> str:
        """The path as it stands in the URL."""
        # 'ticket' is part of what was signed so far, and stays: URLs outlive a release
        inside = _text(self._inside)
        return f"{_MARK}.{inside}.{_text(_hmac(secret, 'ticket', inside.encode()))}"


@frozen
class CallbackUrls:
    """The callback URLs of one account's submissions."""

    public_url: str
    """Where the service reaches the receiver."""
    _secret: bytes = field(repr=False)
    _account: bytes = field(repr=False)

    def of(self, submission: str, kind: str) -> str:
        """The URL of a submission that starts a task of this kind.

        Raises:
            ConfigurationError: the submission's id is too long for a URL.
        """
        if len(submission.encode()) > _LONGEST:
            raise ConfigurationError(
                f"With callbacks a key may have at most {_LONGEST} bytes, for it is part of the "
                "callback URL: take a shorter one."
            )
        mark = account_mark(self._secret, self._account)
        return f"{self.public_url}/{CallbackPath(mark, kind, submission).written(self._secret)}"


def path_in(text: str) -> CallbackPath | None:
    """The callback path in a text, whether its signature is genuine or not."""
    found = _ANYWHERE.search(text)
    return None if found is None else _read(found[1])


def genuine_path(given: str, secrets: tuple[bytes, ...]) -> tuple[CallbackPath, bytes] | None:
    """The path, if one of the secrets signed it, and that secret; compared in constant time."""
    shape = _SHAPE.fullmatch(given)
    path = None if shape is None else _read(shape[1])
    if path is None:
        return None
    signers = [
        secret
        for secret in secrets
        if hmac.compare_digest(path.written(secret).encode(), given.encode())
    ]
    return (path, signers[0]) if signers else None


def account_mark(secret: bytes, account: bytes) -> bytes:
    """The mark of an account in callback paths; without the secret nobody knows whose it is."""
    return _hmac(secret, "account", account)[:_ACCOUNT]


def without_signatures(body: bytes) -> bytes:
    """What came from outside, without the signatures of the callback paths that it repeats."""
    return _SIGNED.sub(rb"\1(signature)", body)


def _read(inside: str) -> CallbackPath | None:
    try:
        raw = urlsafe_b64decode(inside + "=" * (-len(inside) % 4))
        kind, colon, submission = raw[_ACCOUNT:].decode().partition(":")
    except ValueError:
        return None
    sound = colon and len(submission.encode()) <= _LONGEST
    return CallbackPath(raw[:_ACCOUNT], kind, submission) if sound else None


def _hmac(secret: bytes, purpose: str, of: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + of, "sha256")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
