"""The path of a request through our own functions stays short, so that it can be read from top to bottom."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import pytest

from instants import NINE, SIX
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Split
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.services.optimove.campaigns import lifecycle

OWN = "sendproof_simulators"
SETTINGS = SandboxSettings(
    name="path",
    seed=1,
    start=SIX,
    rate=None,
    audience=AudienceRecipe(customers=50),
    channels=DEFAULT_CHANNELS,
)
PAGE_PATH = "/current/customers/GetCustomerSendDetailsByChannel"
#: The functions in which a request reaches the state: the pages of a campaign, and the store of messages.
PAGE_STATE = "services.optimove.campaigns.send_details_pages.SendDetailsPages.page"
SEND_STATE = "services.textlocal.messages.message_store.MessageStore.add"


@contextmanager
def recorded_paths() -> Iterator[list[list[str]]]:
    """Record the own functions on the stack, outermost first, for each call of an own function."""
    paths: list[list[str]] = []

    def record(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and is_own(frame):
            paths.append(stack_of(frame))

    sys.setprofile(record)
    try:
        yield paths
    finally:
        sys.setprofile(None)


def is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(OWN)


def stack_of(frame: FrameType | None) -> list[str]:
    names = []
    while frame is not None:
        if is_own(frame):
            names.append(f"{frame.f_globals['__name__'].removeprefix(OWN + '.')}.{frame.f_code.co_qualname}")
        frame = frame.f_back
    return names[::-1]


def scope(method: str, path: str, query: dict[str, object], headers: dict[str, str]) -> dict[str, Any]:
    """Return the ASGI scope of a request to a service by its path prefix."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": urlencode(query).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 1),
    }


async def request(simulators: Simulators, scope: dict[str, Any], body: bytes = b"") -> int:
    """Send one request and return the status of its response."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await simulators(scope, receive, send)
    return int(sent[0]["status"])


def page_request(sandbox: Sandbox) -> tuple[dict[str, Any], bytes]:
    """Return the request for a page of a campaign that was announced."""
    splits = (Split(share=1.0, template=1, title="t", body="b", send_at=NINE),)
    plan = CampaignPlan(
        campaign=1,
        name="c",
        customers=50,
        first_customer=0,
        announce_at=SIX,
        parts=(ChannelPlan(channel=505, provider="textlocal", splits=splits, render=lambda body, _: body),),
    )
    lifecycle.schedule(sandbox.contexts["optimove"], sandbox.states["optimove"], SIX, plan)
    lifecycle.process(sandbox.contexts["optimove"], sandbox.states["optimove"], 1, SIX)
    headers = {"x-api-key": sandbox.credentials["optimove"]["api_key"]}
    return scope("GET", f"/optimove{PAGE_PATH}", {"CampaignID": 1, "ChannelID": 505}, headers), b""


def send_request(sandbox: Sandbox) -> tuple[dict[str, Any], bytes]:
    """Return the request that sends one message."""
    body = urlencode({"numbers": "447100000001", "message": "Hello"}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    return scope("POST", "/textlocal/send", {"apikey": sandbox.credentials["textlocal"]["apikey"]}, headers), body


@pytest.mark.parametrize(
    ("prepare", "state_function", "maximum"), [(page_request, PAGE_STATE, 6), (send_request, SEND_STATE, 7)]
)
def test_request_reaches_the_state_in_few_functions(prepare, state_function, maximum):
    """From the ASGI application to the state of the service, both included."""

    async def paths() -> list[list[str]]:
        async with Simulators() as simulators:
            prepared = prepare(simulators.sandboxes.create(SETTINGS))
            with recorded_paths() as recorded:
                assert await request(simulators, *prepared) == 200
            return recorded

    found = [path for path in asyncio.run(paths()) if path[-1] == state_function]
    assert found, f"expected a call of {state_function}"
    # The test itself is not on the list: its module is none of ours.
    listed = "\n".join(f"{number}. {name}" for number, name in enumerate(found[0], 1))
    assert len(found[0]) <= maximum, f"expected at most {maximum} functions on the path, got {len(found[0])}:\n{listed}"
