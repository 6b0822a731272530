"""The commands `sendproof marketer ...` against running simulators."""

import json

import pytest
import requests
from typer.testing import CliRunner

from running import RunningSimulators
from sendproof_harness.cli.commands import build_app

TEMPLATES = [{"TemplateID": 14, "TemplateName": "T14 - Spring"}, {"TemplateID": 21, "TemplateName": "T21 - Come back"}]
CHANNELS = [{"id": 505, "provider": "textlocal"}, {"id": 250, "provider": "textlocal", "kind": "triggered"}]


class Marketer:
    """The commands in their own sandbox, with listed templates and a clock at six."""

    def __init__(self, simulators: RunningSimulators) -> None:
        self.simulators = simulators
        clock = {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}
        made = simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock, "channels": CHANNELS})
        self.name, self.control, service = made["sandbox"], simulators.control, made["services"]["optimove"]
        templates = [{"id": 14, "title": "Spring", "body": "Hi"}, {"id": 21, "title": "Come back", "body": "Hi"}]
        simulators.call("POST", f"/sandboxes/{self.name}/providers/textlocal/templates", templates)
        self.url, self.headers = service["url"], {"x-api-key": service["credentials"]["api_key"]}
        for channel in CHANNELS:
            self.post_as_bridge(f"/integrations/AddChannelTemplates?ChannelID={channel['id']}", TEMPLATES)

    def post_as_bridge(self, path, body):
        """Send a request of a bridge to Optimove."""
        assert requests.post(self.url + path, json=body, headers=self.headers, timeout=60).status_code == 200

    def run(self, *words: str):
        """Run a command; return its exit status and output."""
        result = CliRunner().invoke(
            build_app(), ["marketer", *words, "--control-url", self.control, "--sandbox", self.name]
        )
        return result.exit_code, result.output

    def wait(self):
        """Wait until everything that is due now is done."""
        self.simulators.call("POST", f"/sandboxes/{self.name}/clock/advance", {"by_ms": 0})

    def read(self, *words: str):
        """Run a command with `--json`, and return its output."""
        status, out = self.run(*words, "--json")
        assert status == 0, out
        return json.loads(out)


@pytest.fixture
def marketer(simulators: RunningSimulators) -> Marketer:
    return Marketer(simulators)


def test_preview_shows_template_and_sender(marketer: Marketer) -> None:
    """Users of Optimove view the message before they run a campaign."""
    assert marketer.run("preview", "Spring") == (0, "Hi\nsender  TXTLCL\n")
    assert marketer.read("preview", "Spring", "--customer", "C0000001")["template"] == 14


def test_preview_of_unknown_template_is_refused(marketer: Marketer) -> None:
    status, out = marketer.run("preview", "Autumn")
    assert (status, out) == (
        3,
        "sendproof: no template of textlocal is titled 'Autumn'; known: Spring, Come back\n",
    )


def test_template_is_added_to_the_only_provider(marketer: Marketer) -> None:
    """A second template with the same title is refused."""
    added = marketer.read("template", "Summer", "Hello {{FIRST_NAME}}")
    templates = marketer.simulators.call("GET", f"/sandboxes/{marketer.name}/providers/textlocal/templates")
    assert added == templates[-1]
    assert added["title"] == "Summer"
    assert marketer.run("template", "Summer", "Hello") == (
        3,
        "sendproof: expected a title that no template of the provider has, got 'Summer'; choose another\n",
    )


def test_unknown_provider_is_refused(marketer: Marketer) -> None:
    status, output = marketer.run("template", "Summer", "Hello", "--provider", "nobody")
    assert (status, output.startswith("sendproof: 'nobody' is not a message provider; there are:")) == (3, True)


def test_campaign_is_scheduled_with_a_relative_send_time(marketer: Marketer) -> None:
    """The only scheduled channel is the default, and times count from the sandbox's time."""
    campaign = marketer.read(
        "schedule", "7001", "--template", "Spring", "--customers", "10", "--send-at", "+3h", "--name", "May"
    )
    (execution,) = campaign.pop("executions")
    assert (campaign["name"], campaign["state"], campaign["target_group"]) == (
        "May",
        "planned",
        {"id": 7001, "customers": 10},
    )
    assert (execution["channel"], execution["name"], execution["recipients"]) == (505, "T14 - Spring", 10)
    assert execution["scheduled_time"] == "2026-03-02T09:00:00.000Z"


def test_conditional_campaign_with_two_templates_is_scheduled(marketer: Marketer) -> None:
    parts = ("--template", "Spring", "--template", "Come back", "--share", "1", "--share", "0.5")
    times = ("--announce-at", "+1h", "--clearance-by", "+2h", "--cancel-at", "+4h", "--send-at", "+3h")
    campaign = marketer.read(
        "schedule", "7001", *parts, *times, "--customers", "9", "--first-customer", "5", "--channel", "505"
    )
    assert (campaign["state"], sum(execution["recipients"] for execution in campaign["executions"])) == ("planned", 9)
    assert campaign["clearance"]["required_by"] == "2026-03-02T08:00:00.000Z"


def test_ab_test_with_control_group_of_an_app_is_shown(marketer: Marketer) -> None:
    marketer.post_as_bridge("/integrations/AddChannelApps?ChannelID=505", [{"AppID": "ios", "AppName": "For iOS"}])
    parts = ("--template", "Spring", "--template", "Come back", "--group", "1", "--group", "2", "--app", "ios")
    status, output = marketer.run("schedule", "7001", *parts, "--customers", "100", "--control-group", "0.3")
    assert status == 0
    campaign = marketer.read("campaign", "7001")
    assert f"100 customers, {campaign['control_group']} of them in the control group" in output
    assert [(execution["group"], execution["app"]) for execution in campaign["executions"]] == [(1, "ios"), (2, "ios")]
    assert [line.split()[-1] for line in output.splitlines() if line.split()[:1] == ["505"]] == ["1", "2"]


def test_reported_metrics_and_preferences_are_shown(marketer: Marketer) -> None:
    marketer.run("schedule", "7001", "--template", "Spring", "--customers", "10")
    marketer.wait()
    metric = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 1, "MetricValue": 8}
    marketer.post_as_bridge(
        "/integrations/UpdateCampaignMetrics", [metric, metric | {"MetricID": 0, "MetricValue": 10}]
    )
    out = {"ChannelID": 505, "CommunicationMode": 2, "CustomerIDs": ["C0000003"]}
    marketer.post_as_bridge("/integrations/SetCustomerChannelPreference", out)
    assert marketer.read("campaigns")[0]["metrics"] == {"sent": 10, "delivered": 8}
    status, output = marketer.run("campaign", "7001")
    assert status == 0
    lines = [line.split() for line in output.splitlines()]
    assert ["channel", "template", "sent", "delivered"] in lines
    assert ["505", "14", "10", "8"] in lines
    assert "mode 2 (opted out) on channel 505" in output
    assert marketer.run("campaigns")[1].splitlines()[1].split()[-2:] == ["10", "8"]


def test_second_cancellation_is_refused(marketer: Marketer) -> None:
    marketer.run("schedule", "7001", "--template", "Spring", "--customers", "10")
    assert marketer.read("cancel", "7001")["state"] == "cancelled"
    status, output = marketer.run("cancel", "7001")
    assert (status, output.startswith("sendproof: expected campaign 7001 to be planned or on hold or announced")) == (
        3,
        True,
    )


def test_trigger_fires_when_its_criteria_are_met(marketer: Marketer) -> None:
    """Events with another value of the parameter do not count."""
    criteria = ("--event", "visit", "--count", "3", "--where", "page=/offers", "--within", "1h")
    made = marketer.read(
        "trigger", "Third", "--campaign", "8001", "--template", "Come back", *criteria, "--exclude", "CITY"
    )
    condition = {"event": "visit", "count": 3, "within_ms": 3_600_000, "where": {"page": "/offers"}}
    assert (made["criteria"], made["channel"], made["exclude"]) == ([condition], 250, ["CITY"])
    assert marketer.read("event", "visit", "C0000004", "--parameter", "page=/", "--times", "3")["triggered"] == []
    fired = marketer.read("event", "visit", "C0000004", "C0000005", "--parameter", "page=/offers", "--times", "3")
    assert [trigger["customer"] for trigger in fired["triggered"]] == ["C0000004", "C0000005"]
    assert marketer.read("campaign", "8001")["recipients"] == 2
    assert "when        3 x visit, page is '/offers', within 3600 s" in marketer.run("campaign", "8001")[1]
    output = marketer.run("event", "visit", "C0000006", "--parameter", "page=/offers", "--times", "3")[1]
    assert "Third: customer C0000006, campaign 8001, channel 250, template 21" in output


def test_trigger_has_several_criteria(marketer: Marketer) -> None:
    """A later event fires nothing yet."""
    criteria = '[{"event": "visit"}, {"event": "cart"}]'
    marketer.read("trigger", "Both", "--campaign", "8001", "--template", "Come back", "--criteria", criteria)
    assert marketer.read("event", "visit", "C0000004")["triggered"] == []
    assert marketer.read("event", "cart", "C0000004", "--at", "+1h")["triggered"] == []
    assert len(marketer.read("event", "cart", "C0000004")["triggered"]) == 1


def test_list_without_campaigns_shows_the_next_command(marketer: Marketer) -> None:
    assert marketer.run("campaigns") == (
        0,
        "There are no campaigns yet; schedule one with `sendproof marketer schedule`.\n",
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("campaign", "9"), "campaign 9 is not known; there are none yet"),
        (("schedule", "9", "--template", "Tea", "--customers", "1"), "textlocal has no template titled 'Tea'"),
        (
            ("schedule", "9", "--template", "Spring", "--customers", "1", "--channel", "7"),
            "channel 7 is not in this sandbox",
        ),
        (
            ("schedule", "9", "--template", "Spring", "--customers", "1", "--send-at", "9:00"),
            "--send-at: expected a time with a zone such as 2026-03-02T09:00:00.000Z",
        ),
        (("trigger", "T", "--campaign", "9", "--template", "Spring"), "expected either --event or --criteria"),
        (
            ("trigger", "T", "--campaign", "9", "--template", "Spring", "--criteria", "["),
            "--criteria: expected JSON such as",
        ),
        (("event", "visit", "Nobody"), "expected a customer of this sandbox such as C0000000, got 'Nobody'"),
        (("event", "no spaces", "C0000001"), "0.event: expected text of the form "),
    ],
)
def test_rejected_command_exits_with_status_3(marketer: Marketer, words: tuple[str, ...], reason: str) -> None:
    """The message is that of the control API, on one line."""
    status, output = marketer.run(*words)
    assert status == 3
    assert output.startswith("sendproof: ")
    assert reason in output


def test_several_channels_require_the_option(simulators: RunningSimulators) -> None:
    channels = [{"id": id_, "provider": "textlocal"} for id_ in (505, 506)]
    name = simulators.call("POST", "/sandboxes", {"seed": 1, "channels": channels})["sandbox"]
    words = ["schedule", "1", "--template", "A", "--customers", "1", "--sandbox", name]
    result = CliRunner().invoke(build_app(), ["marketer", *words, "--control-url", simulators.control])
    assert (result.exit_code, result.output.rstrip().endswith("of this sandbox (505, 506), got none")) == (
        3,
        True,
    )


def test_missing_simulators_are_refused_with_the_next_command() -> None:
    result = CliRunner().invoke(build_app(), ["marketer", "campaigns", "--control-url", "http://127.0.0.1:1"])
    output = (
        "sendproof: expected simulators at http://127.0.0.1:1, got no response (Connection refused); "
        "start them with `sendproof up`, or name their control port with --control-url\n"
    )
    assert (result.exit_code, result.output) == (3, output)


@pytest.mark.parametrize("service", ["optimove", "textlocal"])
def test_url_of_another_server_is_refused(simulators: RunningSimulators, service: str) -> None:
    """A simulated service responds too, with an error or not."""
    result = CliRunner().invoke(
        build_app(), ["marketer", "campaigns", "--control-url", simulators.services[service]["url"]]
    )
    assert (result.exit_code, "expected the control API of Sendproof at " in result.output) == (3, True)
