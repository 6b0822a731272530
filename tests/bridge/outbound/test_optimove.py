"""The client of Optimove, against a server with responses as observed at live servers."""

import pytest

from sendproof_bridge.clock import parse_time
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.optimove import OptimoveClient, Recipient
from stand_in import Reply

PAGE = "GetCustomerSendDetailsByChannel"
ROW = {"CustomerID": "C1", "TemplateID": 14, "ScheduledTime": "2016-08-30 10:00:00", "CustomerAttributes": ["a", None]}
RECIPIENT = Recipient(
    customer="C1", template=14, send_at=parse_time("2016-08-30 10:00:00"), attributes={"EMAIL": "a", "COUNTRY": None}
)


def optimove_client(services, path="/"):
    return OptimoveClient(services.url + path, Secret("a-key"), HttpClient(read_seconds=60.0), lambda: None)


def fetch_page(services, *replies, skip=0):
    """Fetch a page that gets these replies."""
    services.respond(PAGE, *replies)
    return optimove_client(services).send_details(505, 7001, ["EMAIL", "COUNTRY"], skip)


@pytest.mark.parametrize("path", ["", "/", "/current", "/current/", "/Current"])
def test_url_is_accepted_with_and_without_prefix(services, path):
    """Vendors are given both forms, with and without a slash at the end."""
    services.respond("GetChannelTemplates", Reply([{"TemplateID": 14, "TemplateName": "Welcome"}]))

    assert optimove_client(services, path).channel_templates(505) == {14: "Welcome"}


def test_every_call_has_the_api_key_header(services):
    optimove_client(services).channel_templates(505)

    assert services.received[-1].headers["x-api-key"] == "a-key"


def test_page_request_has_attributes_and_offset(services):
    fetch_page(services, Reply([ROW]), skip=20_000)

    assert services.calls(PAGE)[0].query == {
        "ChannelID": "505",
        "CampaignID": "7001",
        "CustomerAttributes": "EMAIL;COUNTRY",
        "$top": "10000",
        "$skip": "20000",
    }


def test_page_without_attributes_has_customers_templates_and_times(services):
    """A provider that knows the customers needs none."""
    services.respond(PAGE, Reply([{name: ROW[name] for name in ROW if name != "CustomerAttributes"}]))
    rows = optimove_client(services).send_details(505, "7001", [], 0)

    assert "CustomerAttributes" not in services.calls(PAGE)[0].query
    assert [row.attributes for row in rows] == [{}]


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        {name.lower(): value for name, value in ROW.items()},
        {
            "customerID": "C1",
            "templateID": "14",
            "scheduledTime": "2016-08-30T10:00:00Z",
            "customerAttributes": ["a", None],
        },
    ],
)
def test_rows_are_accepted_in_any_case(services, row):
    """Names and types of ids vary in observed responses."""
    assert fetch_page(services, Reply([row])) == [RECIPIENT]


def test_attributes_are_accepted_as_one_string(services):
    """observed: the live service joins them with commas, under a name in the singular."""
    joined = {**ROW, "CustomerAttribute": "a,DE"}
    del joined["CustomerAttributes"]

    assert fetch_page(services, Reply([joined]))[0].attributes == {"EMAIL": "a", "COUNTRY": "DE"}


def test_customer_with_a_comma_in_a_joined_value_is_looked_up_alone(services):
    """The other customers of the page need no look-up."""
    plain = {name: ROW[name] for name in ROW if name != "CustomerAttributes"}
    rows = [plain | {"CustomerAttribute": "a,DE"}, plain | {"CustomerID": "C2", "CustomerAttribute": "b, c,DE"}]
    services.respond("Attributes", Reply([{"RealFieldName": "EMAIL", "Value": "b, c"}]))

    page = fetch_page(services, Reply(rows))
    assert [row.attributes for row in page] == [{"EMAIL": "a", "COUNTRY": "DE"}, {"EMAIL": "b, c", "COUNTRY": None}]
    assert len(services.calls("Attributes")) == 1


def test_ambiguous_customer_is_marked_if_the_look_up_is_refused(services):
    """One customer must not cost all others their messages."""
    joined = {name: ROW[name] for name in ROW if name != "CustomerAttributes"} | {"CustomerAttribute": "b, c,DE"}
    services.respond("Attributes", Reply("no", status=403))

    (row,) = fetch_page(services, Reply([joined]))
    assert (row.is_ambiguous, row.attributes) == (True, {"EMAIL": None, "COUNTRY": None})


def test_one_attribute_with_commas_is_not_ambiguous(services):
    joined = {name: ROW[name] for name in ROW if name != "CustomerAttributes"} | {"CustomerAttribute": "b, c"}
    services.respond(PAGE, Reply([joined]))

    assert optimove_client(services).send_details(505, "7001", ["EMAIL"], 0)[0].attributes == {"EMAIL": "b, c"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"CustomerID": None}, "expected CustomerID in every row"),
        ({"TemplateID": "x"}, "expected a whole number as TemplateID, got 'x'"),
        ({"ScheduledTime": "soon"}, "ScheduledTime: expected a time such as 2026-03-02 09:00:00 .UTC., got 'soon'"),
        ({"CustomerAttributes": ["a"]}, "expected 2 CustomerAttributes in every row, got 1"),
        ({"CustomerAttributes": None}, "expected 2 CustomerAttributes in every row, got none"),
    ],
)
def test_incomplete_row_raises_rejected(services, change, reason):
    """A customer must not be skipped silently."""
    with pytest.raises(RejectedError, match=reason):
        fetch_page(services, Reply([{**ROW, **change}]))


@pytest.mark.parametrize("answer", [Reply([]), Reply(status=404), Reply(None), Reply(status=204)])
def test_page_past_the_end_is_empty(services, answer):
    """An empty list is observed; the other forms cannot be excluded."""
    assert fetch_page(services, answer, skip=10_000) == []


def test_not_found_on_first_page_raises_rejected(services):
    """A campaign that cannot be read is not a campaign without customers."""
    with pytest.raises(RejectedError, match="refused with 404"):
        fetch_page(services, Reply(status=404))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(status=401), UnauthorizedError),
        (Reply(status=403), UnauthorizedError),
        (Reply(status=429), RateLimitedError),
        (Reply(status=400), RejectedError),
        (Reply(status=302, headers=(("Location", "/login"),)), RejectedError),
        (Reply("Something went wrong"), RejectedError),
        (Reply(status=503), OutcomeUnknownError),
        (Reply(b"<html>blocked</html>"), OutcomeUnknownError),
        (Reply({"rows": []}), OutcomeUnknownError),
    ],
)
def test_each_failure_raises_its_own_error(services, answer, error):
    """The next step depends on it."""
    with pytest.raises(error):
        fetch_page(services, answer)


@pytest.mark.parametrize("status", [408, 425])
def test_call_that_is_turned_away_for_now_is_no_rejection(services, status):
    """A rejection is given up after some attempts."""
    with pytest.raises(NotSentError) as error:
        fetch_page(services, Reply(status=status))

    assert type(error.value) is NotSentError


def test_retry_after_is_converted_to_milliseconds(services):
    with pytest.raises(RateLimitedError) as error:
        fetch_page(services, Reply(status=429, headers=(("Retry-After", "7"),)))

    assert error.value.retry_after_ms == 7_000


def test_bare_string_raises_rejected(services):
    """observed: some failures have status 200."""
    services.respond("UpdateCampaignMetrics", Reply("Invalid campaign"))

    with pytest.raises(RejectedError, match="Invalid campaign"):
        optimove_client(services).update_metrics([])


@pytest.mark.parametrize("body", [b"<html>Request unsuccessful</html>", b"[]", b"12"])
def test_unexpected_body_raises_outcome_unknown(services, body):
    """A firewall before the service may return 200, and the call may not have arrived."""
    services.respond("UpdateCampaignMetrics", Reply(body))
    with pytest.raises(OutcomeUnknownError):
        optimove_client(services).update_metrics([])


@pytest.mark.parametrize("body", [b"", b'{"ResponseCode":200}'])
def test_empty_body_and_object_are_successes(services, body):
    """Both are observed."""
    services.respond("UpdateCampaignMetrics", Reply(body))
    optimove_client(services).update_metrics([])


@pytest.mark.parametrize("nothing", [Reply([]), Reply(status=204), Reply({"error": "Not Found"}, status=404)])
def test_channel_without_templates_is_empty(services, nothing):
    """An error would keep the first template from ever being added."""
    services.respond("GetChannelTemplates", nothing)
    assert optimove_client(services).channel_templates(505) == {}


@pytest.mark.parametrize(
    ("body", "kind"), [(b'"no"', RejectedError), (b"<html>", OutcomeUnknownError), (b"{}", OutcomeUnknownError)]
)
def test_invalid_attributes_raise_error_by_kind(services, body, kind):
    """A bare string is the service's own rejection; other bodies may come from any server on the way."""
    services.respond("Attributes", Reply(body))
    with pytest.raises(kind):
        optimove_client(services).attributes("C1")
