"""The fast path of webhooks gives the responses and rows of the application, whatever arrives."""

import hmac
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import BUDGET, EXAMPLES
from sendproof_bridge.clock import HOUR, Instant, Tick
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.inbound.app import MAX_BODY_BYTES, Receiver, WebhookApp
from sendproof_bridge.inbound.known_heads import KnownHeads
from sendproof_bridge.inbound.operator import OperatorRoutes
from small_bridge import NOON, NUMBERS, TOKEN, ManualClock, SmallBridge, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply, StandIn
from webhook_exchange import exchange

TABLES = ("receipt", "event", "trigger", "opt_out", "engagement", "job")
SECRET = "a-webhook-secret"
RECEIPT_PATH = f"/webhooks/textlocal/acme/{TOKEN}/505-7001-0-0"


@dataclass
class Inbound:
    """A bridge with its webhook app, and five messages that the provider has accepted."""

    bridge: SmallBridge
    webhooks: WebhookApp

    def rows(self) -> list[object]:
        states = "SELECT number, state, provider_id, settled_at, ended_at FROM message ORDER BY number"
        return [self.bridge.query(f"SELECT * FROM {table}") for table in TABLES] + [self.bridge.query(states)]

    def clear(self) -> None:
        for table in TABLES:
            self.bridge.execute(f"DELETE FROM {table}")
        self.bridge.execute("UPDATE message SET state = 'accepted', ended_at = NULL")


@contextmanager
def open_inbound(folder: Path, services: StandIn) -> Iterator[Inbound]:
    folder.mkdir()
    rows = [recipient_row(f"C{index}", f"+{number}") for index, number in enumerate(NUMBERS, 1)]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    with open_small_bridge(folder, bridge_config(folder, services.url)) as bridge:
        bridge.start_campaign()
        bridge.run()
    config = bridge_config(folder, services.url)
    (client,) = config.clients
    (textlocal,) = client.channels
    delivyr = replace(textlocal, id=506, provider="delivyr", options=DELIVYR)
    xtremepush = replace(textlocal, id=507, provider="xtremepush", options=XTREMEPUSH)
    client = replace(client, channels=(textlocal, delivyr, xtremepush))
    with (
        open_small_bridge(folder, replace(config, clients=(client,))) as bridge,
        closing(WebhookApp(bridge.context, lambda: None, OperatorRoutes(bridge.context))) as webhooks,
    ):
        yield Inbound(bridge, webhooks)


DELIVYR = {
    "account_id": "7",
    "api_key": Secret("k"),
    "variables": (),
    "default_url": None,
    "overrides": None,
    "message_log": False,
}
XTREMEPUSH = {
    "apptoken": Secret("k"),
    "user_id_attribute": None,
    "webhook_secret": Secret(SECRET),
    "webhook_login": None,
    "webhook_token": None,
}


@pytest.fixture
def pair(tmp_path: Path, services: StandIn) -> Iterator[tuple[Inbound, Inbound]]:
    """Return two equal bridges: one for the fast path, one for the application alone."""
    with open_inbound(tmp_path / "fast", services) as fast, open_inbound(tmp_path / "full", services) as full:
        yield fast, full


def form(number: str = NUMBERS[0], status: str = "D", at: str = "2026-03-02 09:00:07") -> bytes:
    return f"number={number}&status={status}&customID=&datetime={at.replace(' ', '+')}".encode()


def request(
    path: str = RECEIPT_PATH,
    body: bytes = form(),
    *,
    method: str = "POST",
    version: str = "1.1",
    headers: tuple[str, ...] = ("Host: bridge",),
    chunked: bool = False,
) -> bytes:
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *headers, framing, "", ""]).encode("latin-1")
    return head + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked and body else body)


def signed(body: bytes) -> str:
    return "x-xtremepush-signature: " + hmac.new(SECRET.encode(), body, "sha256").hexdigest()


def assert_equal(pair: tuple[Inbound, Inbound], segments: list[bytes]) -> bytes:
    """Assert that both paths give the same bytes, end of the connection, and rows; return the bytes."""
    fast, full = pair
    for inbound in pair:
        inbound.clear()
    responses = exchange(fast.webhooks, segments, KnownHeads())
    assert responses == exchange(full.webhooks, segments, None)
    assert fast.rows() == full.rows()
    return responses[0]


EVENT = {"EventTypeID": 13, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 7001, "ChannelID": 505}
TRIGGER = {
    "EventTypeID": 11,
    "CampaignID": 8001,
    "ChannelID": 505,
    "TemplateID": 11,
    "CustomerID": "C1",
    "requestID": 1,
}
DELIVERED = {
    "event": "delivered",
    "message_id": "001",
    "phone_number": NUMBERS[1],
    "occurred_at": "2026-03-02T09:00:00Z",
}
CLICK = {"event": "message_click", "time": 1_772_442_000, "properties": {"user_id": NUMBERS[2], "message_id": "7"}}

numbers = st.sampled_from([*NUMBERS, "+447100000001", " 447100000001", "447999999999", "0", "", "x", "٤٤"])
times = st.sampled_from(["2026-03-02 09:00:07", "2027-01-01 00:00:00", "2026-03-02T09:00:07+05:30", "soon", ""])
forms = st.builds(form, numbers, st.sampled_from("DUIE?PZ"), times) | st.sampled_from(
    [
        b"",
        b"&" * 1_001,
        b"number=447100000001&status=D&status=U",
        b"number=\xff&status=D",
        b"sender=447100000001&content=STOP",
    ]
)
json_bodies = st.sampled_from(
    [EVENT, TRIGGER, DELIVERED, CLICK, {**EVENT, "ChannelID": 999}, {"EventTypeID": 4}, [1]]
).map(lambda value: json.dumps(value).encode())
bodies = st.one_of(forms, json_bodies, st.binary(max_size=40), st.just(b"x" * (MAX_BODY_BYTES + 1)))
paths = st.sampled_from(
    [
        RECEIPT_PATH,
        f"/webhooks/textlocal/acme/{TOKEN}",
        f"/webhooks/optimove/acme/{TOKEN}",
        f"/webhooks/delivyr/acme/{TOKEN}",
        f"/webhooks/xtremepush/acme/{TOKEN}",
        f"/webhooks/twilio/acme/{TOKEN}/1",
        f"/webhooks/optimove/acme/{TOKEN}/1",
        f"{RECEIPT_PATH}?a=b",
        f"{RECEIPT_PATH}/",
        f"/webhooks/textlocal/acme/{TOKEN}/%35",
        f"http://bridge{RECEIPT_PATH}",
        f"/{RECEIPT_PATH}",
        "/webhooks/textlocal/acme/another/1",
        f"/webhooks/textlocal/nobody/{TOKEN}/1",
        "/",
        "*",
    ]
)
headers = st.lists(
    st.sampled_from(
        [
            "Host: bridge",
            "Connection: close",
            "Connection: keep-alive",
            "Connection: Upgrade\r\nUpgrade: websocket",
            "Expect: 100-continue",
            "Content-Type: text/plain; charset=utf-16",
            "Content-Length: 3",
            "Transfer-Encoding: chunked",
            "X:",
            "\u00e9: 1",
        ]
    ),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    body = draw(bodies)
    lines = ("Host: bridge", *(draw(headers) if draw(st.booleans()) else ()), signed(body))
    usual = st.just(("POST", "1.1", False))
    unusual = st.tuples(
        st.sampled_from(["POST", "GET", "HEAD", "post"]), st.sampled_from(["1.0", "1.1"]), st.booleans()
    )
    method, version, chunked = draw(usual | unusual)
    return request(draw(paths), body, method=method, version=version, headers=lines, chunked=chunked)


@st.composite
def segments(draw: st.DrawFn) -> list[bytes]:
    """Return the bytes of a few requests, cut anywhere, perhaps before their end."""
    sent = b"".join(draw(st.lists(requests(), min_size=1, max_size=4)))
    sent = sent[: draw(st.just(len(sent)) | st.integers(0, len(sent)))]
    cuts = sorted(draw(st.lists(st.integers(0, len(sent)), max_size=3)))
    return [part for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True) if (part := sent[start:end])]


@st.composite
def repeated_requests(draw: st.DrawFn) -> list[bytes]:
    """Return segments with the same few heads again and again: most begin with a request, some with its end."""
    lines = ("Host: bridge", *draw(headers))
    few = [request(draw(paths), draw(forms), headers=lines, chunked=draw(st.booleans())), request(), b"\r\n"]
    sent = draw(st.lists(st.lists(st.sampled_from(few), min_size=1, max_size=2).map(b"".join), min_size=2, max_size=6))
    cut = draw(st.integers(0, len(sent[1])))
    return [part for part in (sent[0], sent[1][:cut], sent[1][cut:], *sent[2:]) if part]


@settings(BUDGET, max_examples=20 * EXAMPLES)
@given(segments())
def test_any_bytes_get_the_same_responses_and_rows(pair, sent):
    assert_equal(pair, sent)


@settings(BUDGET, max_examples=20 * EXAMPLES)
@given(repeated_requests())
def test_requests_with_known_heads_get_the_same_responses_and_rows(pair, sent):
    assert_equal(pair, sent)


def test_receipt_is_stored_and_applied(pair):
    assert assert_equal(pair, [request()]) == (
        b"HTTP/1.1 200 OK\r\ndate: today\r\nserver: uvicorn\r\ncontent-length: 0\r\n\r\n"
    )
    assert pair[0].bridge.query("SELECT result FROM receipt") == ["applied"]


def test_requests_in_one_segment_are_served_in_order(pair):
    sent = b"".join([request(), request("/health", b"", method="GET"), request(body=b"x"), request()])
    statuses = [part[:3] for part in assert_equal(pair, [sent]).split(b"HTTP/1.1 ")[1:]]

    assert statuses == [b"200", b"200", b"400", b"200"]


def test_head_is_known_after_its_request_was_stored(pair):
    heads = KnownHeads()
    exchange(pair[0].webhooks, [request()], heads)

    head, body = heads.find(request(body=form(NUMBERS[1]))) or (None, b"")
    assert head is not None
    assert body == form(NUMBERS[1])
    assert heads.find(request()[:-1]) is None
    assert heads.find(request() + request()) is None


@pytest.mark.parametrize(
    "sent",
    [
        request(body=form(status="Z")),
        request(chunked=True),
        request(version="1.0"),
        request(headers=("Host: bridge", "Connection: close")),
        request(headers=("Host: bridge", f"X: {'x' * 1_024}")),
    ],
    ids=["refused", "chunked", "HTTP/1.0", "closing", "long"],
)
def test_head_of_an_unusual_request_is_not_remembered(pair, sent):
    heads = KnownHeads()
    exchange(pair[0].webhooks, [sent], heads)

    assert heads.find(sent) is None


def test_requests_with_a_known_head_are_served_in_order(pair):
    sent = [request(), request(), request() + request("/health", b"", method="GET"), request(body=form(status="Y"))]
    statuses = [part[:3] for part in assert_equal(pair, sent).split(b"HTTP/1.1 ")[1:]]

    assert statuses == [b"200", b"200", b"200", b"200", b"400"]


def test_signed_webhook_is_stored(pair):
    body = json.dumps(CLICK).encode()
    sent = request(f"/webhooks/xtremepush/acme/{TOKEN}", body, headers=("Host: bridge", signed(body)))

    assert assert_equal(pair, [sent]).startswith(b"HTTP/1.1 200 ")
    assert pair[0].bridge.query("SELECT recipient FROM receipt") == [NUMBERS[2]]


def test_client_that_is_gone_before_the_end_of_a_body_stores_nothing(pair):
    assert assert_equal(pair, [request()[:-1]]) == b""
    assert pair[0].bridge.query("SELECT COUNT(*) FROM receipt") == [0]


class UnreadClock(ManualClock):
    """Shows the time of the last reading, like a sandbox's clock while the worker is parked."""

    def now(self) -> Instant:
        return NOON

    def tick(self) -> Tick:
        self.now = lambda: self.time
        return super().tick()


def test_receipt_after_the_last_reading_of_the_clock_keeps_its_time(pair):
    context = replace(pair[0].bridge.context, clock=UnreadClock(NOON + HOUR))
    with closing(WebhookApp(context, lambda: None, OperatorRoutes(context))) as webhooks:
        exchange(webhooks, [request(body=form(at="2026-03-02 12:30:00"))], KnownHeads())

    assert pair[0].bridge.query("SELECT ended_at FROM message WHERE number = :n", n=NUMBERS[0]) == [NOON + HOUR // 2]


def test_webhook_that_cannot_be_stored_is_a_server_error(pair):
    for inbound in pair:
        inbound.bridge.execute("ALTER TABLE receipt RENAME TO lost")
    responses = [
        exchange(inbound.webhooks, [request()], heads)
        for inbound, heads in zip(pair, (KnownHeads(), None), strict=True)
    ]

    assert responses[0] == responses[1]
    assert responses[0][0].startswith(b"HTTP/1.1 500 ")


def test_webhook_with_a_known_head_that_cannot_be_stored_is_a_server_error(pair):
    heads = KnownHeads()
    exchange(pair[0].webhooks, [request()], heads)
    for inbound in pair:
        inbound.bridge.execute("ALTER TABLE receipt RENAME TO lost")
    responses = [
        exchange(inbound.webhooks, [request()], known) for inbound, known in zip(pair, (heads, None), strict=True)
    ]

    assert responses[0] == responses[1]
    assert responses[0][0].startswith(b"HTTP/1.1 500 ")


def test_unexpected_error_is_left_to_the_application(pair):
    """It responds with an error. The fast path alone would leave the sender without any response."""

    def fail(client, parts, webhook):
        raise KeyError("message_id")

    (client,) = pair[0].bridge.context.clients.values()
    assert not pair[0].webhooks.store(Receiver(client, {}, fail), b"{}", {}, lambda error: None)
