"""A verdict that a server of the trials is asked for, in the background."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import requests

# A server that is killed closes the connection, so this is for a defect.
_RESPONSE_S = 180.0


def verdict_watcher(output: Path, has_begun: Callable[[], bool]) -> Callable[[], bool]:
    """Return a function that is True once `has_begun` is, and asks for verdicts as soon as the server listens.

    A judge may be too quick for `has_begun`, which is called every few milliseconds. So the next one is asked for.
    The server has printed its addresses as one line of JSON to `output`.
    """
    asked: list[Thread] = []

    def watch() -> bool:
        if not asked and (line := output.read_bytes()).endswith(b"\n"):
            asked.append(Thread(target=_ask, args=(json.loads(line)["control"]["url"],), daemon=True))
            asked[0].start()
        return bool(asked) and has_begun()

    return watch


def _ask(control_url: str) -> None:
    """Ask for verdicts on the default sandbox, one after the other, until the server refuses or is gone."""
    with suppress(requests.RequestException):
        while requests.post(f"{control_url}/control/sandboxes/default/verdict", json={}, timeout=_RESPONSE_S).ok:
            pass
