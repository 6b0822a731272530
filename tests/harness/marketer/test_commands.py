"""The commands that a marketer's clicks would be, against running simulators."""

import json

import pytest
import requests
from typer.testing import CliRunner

from running import RunningSimulators
from sendproof_simulators.cli import app

TEMPLATES = [{"TemplateID": 14, "TemplateName": "T14 - Spring"}, {"TemplateID": 21, "TemplateName": "T21 - Come back"}]
CHANNELS = [{"id": 505, "provider": "textlocal"}, {"id": 250, "provider": "textlocal", "kind": "triggered"}]


class Desk:
    """The commands, for a sandbox of their own in which it is six o'clock and the templates are known."""

    def __init__(self, simulators: RunningSimulators) -> None:
        self.simulators = simulators
        clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
        made = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock, "channels": CHANNELS})
        self.name, self.control, service = made["sandbox"], simulators.control, made["services"]["optimove"]
        held = [{"id": 14, "title": "Spring", "body": "Hi"}, {"id": 21, "title": "Come back", "body": "Hi"}]
        simulators.call("POST", f"/sandboxes/{self.name}/providers/textlocal/templates", held)
        self.url, self.headers = service["url"], {"x-api-key": service["credentials"]["api_key"]}
        for channel in CHANNELS:
            self.told(f"/integrations/AddChannelTemplates?ChannelID={channel['id']}", TEMPLATES)

    def told(self, path, body):
        """What a bridge tells Optimove."""
        assert requests.post(self.url + path, json=body, headers=self.headers, timeout=20).status_code == 200

    def run(self, *words: str):
        """A command; answers its exit status and its words."""
        done = CliRunner().invoke(app, ["marketer", *words, "--control-url", self.control, "--sandbox", self.name])
        return done.exit_code, done.output

    def wait(self):
        """Let what is due now happen."""
        self.simulators.call("POST", f"/sandboxes/{self.name}/clock/advance", {"by_ms": 0})

    def read(self, *words: str):
        """The JSON that a command prints for a program."""
        status, out = self.run(*words, "--json")
        assert status == 0, out
        return json.loads(out)


@pytest.fixture
def desk(simulators: RunningSimulators) -> Desk:
    """One of one's own."""
    return Desk(simulators)


def test_a_template_is_put_at_the_provider(desk: Desk) -> None:
    """The only provider need not be named; a second template of that title is refused."""
    added = desk.read("template", "Summer", "Hello {{FIRST_NAME}}")
    held = desk.simulators.call("GET", f"/sandboxes/{desk.name}/providers/textlocal/templates")
    assert added == held[-1]
    assert added["title"] == "Summer"
    assert desk.run("template", "Summer", "Hello") == (3, "sendproof: titles must differ: ['Summer']\n")


def test_a_provider_that_is_none_is_refused(desk: Desk) -> None:
    """With those that there are."""
    status, said = desk.run("template", "Summer", "Hello", "--provider", "nobody")
    assert (status, said.startswith("sendproof: 'nobody' is not a message provider; there are:")) == (3, True)


def test_a_campaign_is_scheduled_in_one_line(desk: Desk) -> None:
    """The only scheduled channel need not be named, and a time may be counted from the sandbox's own."""
    told = desk.read(
        "schedule", "7001", "--template", "Spring", "--customers", "10", "--send-at", "+3h", "--name", "May"
    )
    (execution,) = told.pop("executions")
    assert (told["name"], told["state"], told["target_group"]) == ("May", "planned", {"id": 7001, "customers": 10})
    assert (execution["channel"], execution["name"], execution["recipients"]) == (505, "T14 - Spring", 10)
    assert execution["scheduled_time"] == "2026-03-02T09:00:00.000Z"


def test_a_conditional_campaign_of_two_templates_is_scheduled(desk: Desk) -> None:
    """Everything that the control API knows of a campaign can be said."""
    parts = ("--template", "Spring", "--template", "Come back", "--share", "1", "--share", "0.5")
    times = ("--announce-at", "+1h", "--clearance-by", "+2h", "--cancel-at", "+4h", "--send-at", "+3h")
    told = desk.read(
        "schedule", "7001", *parts, *times, "--customers", "9", "--first-customer", "5", "--channel", "505"
    )
    assert (told["state"], sum(one["recipients"] for one in told["executions"])) == ("planned", 9)
    assert told["clearance"]["required_by"] == "2026-03-02T08:00:00.000Z"


def test_what_came_back_is_shown(desk: Desk) -> None:
    """Metrics and preferences, to a person and to a program."""
    desk.run("schedule", "7001", "--template", "Spring", "--customers", "10")
    desk.wait()
    metric = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 1, "MetricValue": 8}
    desk.told("/integrations/UpdateCampaignMetrics", [metric, metric | {"MetricID": 0, "MetricValue": 10}])
    out = {"ChannelID": 505, "CommunicationMode": 2, "CustomerIDs": ["C0000003"]}
    desk.told("/integrations/SetCustomerChannelPreference", out)
    assert desk.read("campaigns")[0]["metrics"] == {"sent": 10, "delivered": 8}
    status, said = desk.run("campaign", "7001")
    assert status == 0
    lines = [line.split() for line in said.splitlines()]
    assert ["channel", "template", "sent", "delivered"] in lines
    assert ["505", "14", "10", "8"] in lines
    assert "mode 2 (opted out) on channel 505" in said
    assert desk.run("campaigns")[1].splitlines()[1].split()[-2:] == ["10", "8"]


def test_a_campaign_is_cancelled_once(desk: Desk) -> None:
    """The second time is refused with a reason, and status 3."""
    desk.run("schedule", "7001", "--template", "Spring", "--customers", "10")
    assert desk.read("cancel", "7001")["state"] == "cancelled"
    status, said = desk.run("cancel", "7001")
    assert (status, said.startswith("sendproof: expected campaign 7001 to be planned or on hold or announced")) == (
        3,
        True,
    )


def test_a_trigger_fires_when_its_criteria_are_met(desk: Desk) -> None:
    """At the third visit to that page, and not at another."""
    criteria = ("--event", "visit", "--count", "3", "--where", "page=/offers", "--within", "1h")
    made = desk.read(
        "trigger", "Third", "--campaign", "8001", "--template", "Come back", *criteria, "--exclude", "CITY"
    )
    condition = {"event": "visit", "count": 3, "within_ms": 3_600_000, "where": {"page": "/offers"}}
    assert (made["criteria"], made["channel"], made["exclude"]) == ([condition], 250, ["CITY"])
    assert desk.read("event", "visit", "C0000004", "--parameter", "page=/", "--times", "3")["triggered"] == []
    fired = desk.read("event", "visit", "C0000004", "C0000005", "--parameter", "page=/offers", "--times", "3")
    assert [one["customer"] for one in fired["triggered"]] == ["C0000004", "C0000005"]
    assert desk.read("campaign", "8001")["recipients"] == 2
    assert "when          3 x visit, page is '/offers', within 3600 s" in desk.run("campaign", "8001")[1]
    said = desk.run("event", "visit", "C0000006", "--parameter", "page=/offers", "--times", "3")[1]
    assert "Third: customer C0000006, campaign 8001, channel 250, template 21" in said


def test_a_trigger_may_have_several_conditions(desk: Desk) -> None:
    """As JSON; an event to come fires nothing yet."""
    criteria = '[{"event": "visit"}, {"event": "cart"}]'
    desk.read("trigger", "Both", "--campaign", "8001", "--template", "Come back", "--criteria", criteria)
    assert desk.read("event", "visit", "C0000004")["triggered"] == []
    assert desk.read("event", "cart", "C0000004", "--at", "+1h")["triggered"] == []
    assert len(desk.read("event", "cart", "C0000004")["triggered"]) == 1


def test_nothing_there_is_said(desk: Desk) -> None:
    """With the way on."""
    assert desk.run("campaigns") == (
        0,
        "There are no campaigns yet; schedule one with `sendproof marketer schedule`.\n",
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("campaign", "9"), "campaign 9 is not known; there are []"),
        (("schedule", "9", "--template", "Tea", "--customers", "1"), "textlocal holds no template titled 'Tea'"),
        (
            ("schedule", "9", "--template", "Spring", "--customers", "1", "--channel", "7"),
            "channel 7 is not in this sandbox",
        ),
        (
            ("schedule", "9", "--template", "Spring", "--customers", "1", "--send-at", "9:00"),
            "expected an ISO 8601 time",
        ),
        (("trigger", "T", "--campaign", "9", "--template", "Spring"), "expected either --event or --criteria"),
        (
            ("trigger", "T", "--campaign", "9", "--template", "Spring", "--criteria", "["),
            "--criteria: expected JSON such as",
        ),
        (("event", "visit", "Nobody"), "expected a customer of this sandbox such as C0000000, got 'Nobody'"),
        (("event", "no spaces", "C0000001"), "does not match"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_3(desk: Desk, words: tuple[str, ...], reason: str) -> None:
    """In the words of the control API, on one line."""
    status, said = desk.run(*words)
    assert status == 3
    assert said.startswith("sendproof: ")
    assert reason in said


def test_a_sandbox_with_several_channels_wants_one_named(simulators: RunningSimulators) -> None:
    """And lists them."""
    channels = [{"id": id_, "provider": "textlocal"} for id_ in (505, 506)]
    name = simulators.call("POST", "/sandboxes", {"seed": 1, "channels": channels})["sandbox"]
    words = ["schedule", "1", "--template", "A", "--customers", "1", "--sandbox", name]
    done = CliRunner().invoke(app, ["marketer", *words, "--control-url", simulators.control])
    assert (done.exit_code, done.output.rstrip().endswith("no single scheduled channel; got: 505, 506")) == (3, True)


def test_simulators_that_do_not_answer_are_said() -> None:
    """With the address, the cause, and what to do."""
    done = CliRunner().invoke(app, ["marketer", "campaigns", "--control-url", "http://127.0.0.1:1"])
    said = (
        "sendproof: expected simulators at http://127.0.0.1:1, got no answer (Connection refused); "
        "start them with `sendproof up`, or name their control port with --control-url\n"
    )
    assert (done.exit_code, done.output) == (3, said)


@pytest.mark.parametrize("service", ["optimove", "textlocal"])
def test_a_port_of_somebody_else_is_said(simulators: RunningSimulators, service: str) -> None:
    """Such as that of a simulated service, whether it answers with an error or not."""
    done = CliRunner().invoke(app, ["marketer", "campaigns", "--control-url", simulators.services[service]["url"]])
    assert (done.exit_code, "expected the control API of Sendproof at " in done.output) == (3, True)
