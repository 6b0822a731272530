"""What the drivers in Python share: the redirection of the service's host, and the report of each call.

A driver gets its inputs as JSON in the environment: `hosts` (the URL of the simulator by host), `credentials`, and what
`client_sandboxes.py` adds. It prints one line of JSON for each method.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response

INPUTS: Mapping[str, Any] = json.loads(os.environ["SENDPROOF_CLIENT"])
CREDENTIALS: Mapping[str, str] = INPUTS["credentials"]
ANN, BOB = INPUTS["numbers"]


_send = HTTPAdapter.send


def _redirected(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any) -> Response:
    """Send a request for the real service to its simulator; refuse other hosts: no test may reach the network."""
    parts = urlsplit(request.url or "")
    base = INPUTS["hosts"].get(parts.hostname)
    if base is not None:
        request.url = base + parts._replace(scheme="", netloc="").geturl()
    elif parts.hostname != "127.0.0.1":
        raise LookupError(f"expected a host of {', '.join(INPUTS['hosts'])}, got {parts.hostname}")
    return _send(adapter, request, *args, **options)


# The smallest hook that leaves the clients as they are: both their HTTP library and their import of it stay.
HTTPAdapter.send = _redirected  # type: ignore[method-assign,assignment]


def check(method: str, call: Callable[[], object], is_expected: Callable[[Any], bool] = bool) -> None:
    """Call a method of the client, and report whether its result is the expected one."""
    try:
        result = call()
        works = is_expected(result)
        detail = _excerpt(result)
    except Exception as error:  # noqa: BLE001 - whatever a client raises is its result
        works, detail = False, f"{type(error).__name__}: {_excerpt(error)}"
    sys.stdout.write(json.dumps({"method": method, "works": works, "detail": detail}) + "\n")
    sys.stdout.flush()


def _excerpt(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 100 else f"{text[:99]}…"  # noqa: PLR2004 - a line of a table
