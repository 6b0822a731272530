"""One sandbox of running simulators, over the control API (`openapi/control.yaml`). JSON in, JSON out."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

# Reports over a million customers take a few seconds.
_ANSWER_S = 60.0
_NOT_CONTROL = "expected the control API of Sendproof at {}, got {}; name the control port with --control-url"


class NotDoneError(ValueError):
    """The simulators did not do it; the message says what was expected, what came, and what to do."""


class Sandbox:
    """A sandbox at the address of a control port, such as http://127.0.0.1:4100, with or without `/control`."""

    def __init__(self, simulators: str, name: str) -> None:
        """`NotDoneError` when no control API answers there."""
        self._address = simulators.rstrip("/").removesuffix("/control")
        self._path = f"/sandboxes/{quote(name, safe='')}"
        self._http = requests.Session()
        # A proxy of the environment must not come between two processes of one machine.
        self._http.trust_env = False
        # A simulated service answers anything at all, and not always with an error.
        health = self._call("GET", "/health", None)
        if not isinstance(health, Mapping) or "version" not in health:
            raise NotDoneError(_NOT_CONTROL.format(f"{self._address}/control", health))

    def get(self, path: str = "") -> Any:
        """Read something of the sandbox."""
        return self._call("GET", self._path + path, None)

    def post(self, path: str, body: object = None) -> Any:
        """Let something happen in the sandbox."""
        return self._call("POST", self._path + path, body)

    def channel(self, kind: str, wanted: int | None) -> int:
        """The channel asked for, or else the only one of its kind: scheduled or triggered."""
        if wanted is not None:
            return wanted
        channels = [one["id"] for one in self.get()["channels"] if one.get("kind", "scheduled") == kind]
        if len(channels) != 1:
            there = ", ".join(map(str, channels)) or "none"
            raise NotDoneError(f"expected --channel, because this sandbox has no single {kind} channel; got: {there}")
        return int(channels[0])

    def provider(self, wanted: str | None) -> str:
        """The message provider asked for, or else the only one of the channels."""
        if wanted is not None:
            return quote(wanted, safe="")
        there = sorted({str(one["provider"]) for one in self.get()["channels"]})
        if len(there) != 1:
            raise NotDoneError(f"expected --provider, because this sandbox has no single one; got: {', '.join(there)}")
        return there[0]

    def _call(self, method: str, path: str, body: object) -> Any:
        try:
            reply = self._http.request(method, f"{self._address}/control{path}", json=body, timeout=_ANSWER_S)
        except requests.RequestException as error:
            raise NotDoneError(
                f"expected simulators at {self._address}, got no answer ({_reason(error)}); "
                "start them with `sendproof up`, or name their control port with --control-url"
            ) from None
        answer = _json(reply)
        if not reply.ok or answer is None:
            raise NotDoneError(_trouble(reply, answer))
        return answer


def _json(reply: requests.Response) -> Any:
    try:
        return reply.json()
    except requests.JSONDecodeError:
        return None


def _trouble(reply: requests.Response, answer: object) -> str:
    """The problem's own words, with each violation; of anybody else, how the answer begins."""
    if not isinstance(answer, Mapping) or "detail" not in answer:
        return _NOT_CONTROL.format(reply.url, f"{reply.status_code} {reply.text!r:.80}")
    broken = [f"{one.get('where')}: {one.get('message')}" for one in answer.get("violations", ())]
    return "; ".join([str(answer["detail"]), *broken])


def _reason(error: requests.RequestException) -> str:
    """The innermost cause: requests wraps a refused connection four times."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
