"""The removal of secrets from recorded traffic: a recording is shown to others, its credentials must not be.

A secret is known by the name of its header, parameter or member, or because the service reads it as the credential. It
is then removed wherever it is, in the whole rest of the recording. Names of secrets are those of all clients and
services, so a recording may lose a harmless value rather than keep a secret.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.recording.redaction import redact_long_text, secret_name
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.recordings.recorded_call import json_value

_NAME = re.compile(
    r"(api|app|admin|access|auth|private|secret|account|client|tenant|x)?[-_]?"
    r"(key|token|apikey|apptoken|password|passwd|pwd|passphrase|secret|signature|hash|authorization|cookie|username|user_?name)"
    r"|(proxy-)?authorization(-token)?|set-cookie|(x-)?account-id|.*(api[-_]?key|token|password|secret|signature)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"pass|pwd", re.IGNORECASE)
# Shorter values, such as a number, may be part of any text. They are only removed in their own place.
_MIN_LENGTH = 8
_MOST_SECRETS = 10_000
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{16,}")


class SecretValues:
    """The secrets that a recording has shown so far."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, simulator: Simulator | None, request: Request, response: Response | None) -> None:
        """Find the secrets of a call."""
        for secret in _secrets(simulator, request, response):
            self._add(secret)

    def text(self, text: str) -> str:
        """Return a text without the known secrets, and without the tokens in URLs that it quotes."""
        for secret, name in self._names.items():
            if secret in text:
                text = text.replace(secret, name)
        return redact_long_text(text)

    def url(self, path: str, query: tuple[tuple[str, str], ...]) -> str:
        """Return a path with its query, without secrets."""
        pairs = (f"{quote_plus(name)}={quote_plus(self.named(name, value))}" for name, value in query)
        joined = "&".join(pairs)
        return self.text(quote(path, safe="/:@!$&'()*+,;=%")) + (f"?{joined}" if joined else "")

    def named(self, name: str, value: str) -> str:
        """Return a value without secrets; the name decides whether all of it is a secret."""
        return secret_name(value) if value and is_secret_name(name) else self.text(value)

    def body(self, body: bytes, content_type: str) -> str | None:
        """Return a text body without secrets, None if it is no text."""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return None
        for name, value in _members(json_value(body)):
            if is_secret_name(name):
                # Also a short one, in its own place.
                text = text.replace(_json_text(value), _json_text(secret_name(value)))
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            pairs = parse_qsl(text, keep_blank_values=True)
            return "&".join(f"{quote_plus(name)}={quote_plus(self.named(name, value))}" for name, value in pairs)
        return self.text(text)

    def binary(self, body: bytes) -> bytes:
        """Return a body that is no text without the known secrets."""
        for secret, name in self._names.items():
            body = body.replace(secret.encode(), name.encode())
        return body

    def _add(self, secret: str) -> None:
        if len(secret) >= _MIN_LENGTH and len(self._names) < _MOST_SECRETS:
            # As in a URL or a form, and as PHP writes it in JSON.
            for spelling in (secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/")):
                self._names[spelling] = secret_name(secret)


def is_secret_name(name: str) -> bool:
    """Return True if a header, parameter or member of this name holds a secret."""
    return _NAME.fullmatch(name) is not None


def _json_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _secrets(simulator: Simulator | None, request: Request, response: Response | None) -> Iterator[str]:
    fields = [*request.headers.items(), *request.query, *_form_fields(request)]
    yield from (value for name, value in fields if is_secret_name(name))
    # `Bearer TOKEN`, and user and password in Base64.
    yield from (value.rpartition(" ")[2] for name, value in fields if name.lower() == "authorization")
    cookies = [(name, value) for name, value in _headers(request, response) if name in {"cookie", "set-cookie"}]
    yield from (pair.partition("=")[2].strip() for _, value in cookies for pair in value.split(";"))
    sent = json_value(request.body)
    members = [*_members(sent)]
    yield from (value for name, value in members if is_secret_name(name))
    if simulator is not None:
        yield simulator.extract_credential(simulator.normalise(request)) or ""
    if response is None:
        return
    yield from (value for name, value in response.headers if is_secret_name(name))
    answered = json_value(response.body)
    yield from (value for name, value in _members(answered) if is_secret_name(name))
    is_login = any(_PASSWORD.search(name) for name, _ in (*fields, *members))
    # Optimove responds to a login with the token alone.
    if is_login and isinstance(answered, str) and _TOKEN.fullmatch(answered):
        yield answered


def _headers(request: Request, response: Response | None) -> list[tuple[str, str]]:
    return [*request.headers.items(), *(() if response is None else response.headers)]


def _form_fields(request: Request) -> list[tuple[str, str]]:
    if "form" not in request.headers.get("content-type", ""):
        return []
    return parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _members(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of all members in a value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
            yield from ((name, text) for name, text in item.items() if isinstance(text, str))
        elif isinstance(item, list):
            waiting.extend(item)
