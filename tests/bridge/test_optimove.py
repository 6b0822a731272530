"""The client of Optimove, against a server that answers as live ones were seen to."""

import pytest

from sendproof_bridge.clock import parse_time
from sendproof_bridge.errors import CredentialsRefusedError, RateLimitedError, RefusedError, UnknownOutcomeError
from sendproof_bridge.optimove import Optimove, Recipient
from sendproof_bridge.settings import Secret
from sendproof_bridge.wire import Wire
from stand_in import Says

PAGE = "GetCustomerSendDetailsByChannel"
ROW = {"CustomerID": "C1", "TemplateID": 14, "ScheduledTime": "2016-08-30 10:00:00", "CustomerAttributes": ["a", None]}
RECIPIENT = Recipient(
    customer="C1", template=14, at=parse_time("2016-08-30 10:00:00"), attributes={"EMAIL": "a", "COUNTRY": None}
)


def client(outside, path="/"):
    """An account at the stand-in."""
    return Optimove(outside.url + path, Secret("a-key"), Wire(read_seconds=60.0), lambda: None)


def page(outside, *answers, skip=0):
    """Ask for a page that is answered so."""
    outside.say(PAGE, *answers)
    return client(outside).send_details(505, 7001, ["EMAIL", "COUNTRY"], skip)


@pytest.mark.parametrize("path", ["", "/", "/current", "/current/", "/Current"])
def test_the_address_may_come_with_or_without_its_prefix(outside, path):
    """Vendors are given both forms, with and without a slash at the end."""
    outside.say("GetChannelTemplates", Says([{"TemplateID": 14, "TemplateName": "Welcome"}]))

    assert client(outside, path).channel_templates(505) == {14: "Welcome"}


def test_every_call_shows_the_key(outside):
    """Only the header is left of the ways to sign in."""
    client(outside).channel_templates(505)

    assert outside.seen[-1].headers["x-api-key"] == "a-key"


def test_a_page_is_asked_for_with_all_it_needs(outside):
    """Names joined by semicolons, and OData's words for the place."""
    page(outside, Says([ROW]), skip=20_000)

    assert outside.calls(PAGE)[0].query == {
        "ChannelID": "505",
        "CampaignID": "7001",
        "CustomerAttributes": "EMAIL;COUNTRY",
        "$top": "10000",
        "$skip": "20000",
    }


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
def test_rows_are_understood_in_any_case(outside, row):
    """Names and types of ids vary among what clients have seen."""
    assert page(outside, Says([row])) == [RECIPIENT]


def test_attributes_may_come_as_one_string(outside):
    """The live service was seen to join them with commas, under a name in the singular."""
    joined = {**ROW, "CustomerAttribute": "a,DE"}
    del joined["CustomerAttributes"]

    assert page(outside, Says([joined]))[0].attributes == {"EMAIL": "a", "COUNTRY": "DE"}


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
def test_a_row_that_lacks_something_is_refused(outside, change, reason):
    """A customer must not be passed over in silence."""
    with pytest.raises(RefusedError, match=reason):
        page(outside, Says([{**ROW, **change}]))


@pytest.mark.parametrize("answer", [Says([]), Says(status=404), Says(None), Says(status=204)])
def test_past_the_end_nothing_is_left(outside, answer):
    """An empty list was seen; the other ways to say so cannot be excluded."""
    assert page(outside, answer, skip=10_000) == []


def test_at_the_beginning_not_found_is_a_refusal(outside):
    """A campaign that cannot be read is not a campaign without customers."""
    with pytest.raises(RefusedError, match="refused with 404"):
        page(outside, Says(status=404))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Says(status=401), CredentialsRefusedError),
        (Says(status=403), CredentialsRefusedError),
        (Says(status=429), RateLimitedError),
        (Says(status=400), RefusedError),
        (Says(status=302, headers=(("Location", "/login"),)), RefusedError),
        (Says("Something went wrong"), RefusedError),
        (Says(status=503), UnknownOutcomeError),
        (Says(b"<html>blocked</html>"), UnknownOutcomeError),
        (Says({"rows": []}), UnknownOutcomeError),
    ],
)
def test_each_way_to_fail_is_told_apart(outside, answer, error):
    """What is done next depends on it."""
    with pytest.raises(error):
        page(outside, answer)


def test_retry_after_is_passed_on(outside):
    """In milliseconds."""
    with pytest.raises(RateLimitedError) as error:
        page(outside, Says(status=429, headers=(("Retry-After", "7"),)))

    assert error.value.retry_after_ms == 7_000


def test_a_quoted_text_is_no_success(outside):
    """Some failures come with status 200."""
    outside.say("UpdateCampaignMetrics", Says("Invalid campaign"))

    with pytest.raises(RefusedError, match="Invalid campaign"):
        client(outside).update_metrics([])


@pytest.mark.parametrize("body", [b"<html>Request unsuccessful</html>", b"[]", b"12"])
def test_a_page_of_something_else_is_no_success(outside, body):
    """A firewall before the service may answer 200; whether the call got through, nobody knows."""
    outside.say("UpdateCampaignMetrics", Says(body))
    with pytest.raises(UnknownOutcomeError):
        client(outside).update_metrics([])


@pytest.mark.parametrize("body", [b"", b'{"ResponseCode":200}'])
def test_a_change_is_answered_with_nothing_or_an_object(outside, body):
    """Both were seen."""
    outside.say("UpdateCampaignMetrics", Says(body))
    client(outside).update_metrics([])


@pytest.mark.parametrize("nothing", [Says([]), Says(status=204), Says({"error": "Not Found"}, status=404)])
def test_a_channel_without_templates_is_an_empty_list(outside, nothing):
    """However the service says so, or the first template could never be added."""
    outside.say("GetChannelTemplates", nothing)
    assert client(outside).channel_templates(505) == {}


@pytest.mark.parametrize(
    ("body", "kind"), [(b'"no"', RefusedError), (b"<html>", UnknownOutcomeError), (b"{}", UnknownOutcomeError)]
)
def test_attributes_that_are_none_are_told_apart(outside, body, kind):
    """A bare string is the service's refusal; what makes no sense may have come from anybody on the way."""
    outside.say("Attributes", Says(body))
    with pytest.raises(kind):
        client(outside).attributes("C1")
