"""Messages about triggers, templates, several providers, opt-outs, keys and faults that do not fit together."""

import pytest

from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.load import parse_scenarios

WHOLE = """\
sendproof: 1
name: Everything
seed: 7
starts: 2026-03-02T06:00:00Z
providers: [textlocal, delivyr]
audience: {customers: 100}
channels:
  - {id: 505, provider: any}
  - {id: 250, provider: any, kind: triggered}
templates:
  - {provider: any, title: Welcome, body: "Hello {{FIRST_NAME}}"}
  - {provider: any, title: Come back, body: "See {{page}}"}
campaigns:
  - campaign: 7001
    channels:
      - channel: 505
        splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
    announced: 2026-03-02T06:30:00Z
triggers:
  - trigger: Visit
    campaign: 8001
    channel: 250
    template: Come back
    criteria: [{event: page_visit, count: 2, within: 1 hour}]
    exclude: [page]
faults:
  - {fault: connection_reset, call: any.send, when: after}
  - {fault: kill, webhook: any.receipt, down: 10 minutes}
steps:
  - wait_for: {listeners: 2, synchronised: true}
  - plan: 7001
  - trigger: Visit
  - events: {event: page_visit, customers: 50, parameters: {page: /offers}, times: 2, every: 10 minutes}
  - add_template: {provider: any, title: New, body: "New"}
  - rename_template: {provider: any, title: New, to: Newer}
  - change_template: {provider: any, title: Newer, body: "Newest"}
  - delete_template: {provider: any, title: Newer}
  - opt_out: {by: preference, channel: 505, share: 5%}
  - key: {action: rotate, overlap: 1 hour}
  - advance: 7 days
  - resend: {webhook: optimove.13}
  - cancel: 7001
"""


def messages(text: str) -> list[str]:
    """Return the lines of the error for the text of a file, without the name of the file."""
    with pytest.raises(InvalidFileError) as raised:
        parse_scenarios(text, "my.yaml")
    return [line.removeprefix("my.yaml:") for line in str(raised.value).splitlines()]


def test_file_for_several_providers_becomes_one_scenario_per_provider() -> None:
    """The provider replaces `any`, and the customers live in a country that it reaches."""
    textlocal, delivyr = parse_scenarios(WHOLE, "my.yaml")
    assert [channel.provider for channel in textlocal.channels] == ["textlocal", "textlocal"]
    assert (textlocal.audience.country, delivyr.audience.country) == ("GB", "US")
    assert [fault.get("call") for fault in (textlocal.faults[0], delivyr.faults[0])] == [
        "textlocal.bulk_json|bulk_json_get|send|send_get",
        "delivyr.sendSms",
    ]


def test_durations_of_a_fault_become_milliseconds() -> None:
    """The control API takes milliseconds."""
    kill = parse_scenarios(WHOLE, "my.yaml")[0].faults[1]
    assert dict(kill) == {"fault": "kill", "webhook": "textlocal.receipt", "down": 600_000}


ANY = "got any; to use any, add a list of `providers` at the top of the file"
LATER = "expected a time not before"
SPLIT = "campaigns[0].channels[0].splits[0]"
TWICE = "known: Welcome, Come back, Welcome"

BROKEN = [
    (
        "providers: [textlocal, delivyr]\n",
        "",
        [
            f"7: channels[0].provider: expected the name of a provider, {ANY}",
            f"8: channels[1].provider: expected the name of a provider, {ANY}",
            f"26: faults[0].call: expected the name of a service, {ANY}",
            f"27: faults[1].webhook: expected the name of a service, {ANY}",
        ],
    ),
    (
        "{id: 505, provider: any}",
        "{id: 505, provider: any, testing: true}".replace("any", "xtremepush"),
        [
            "8: channels[0].testing: xtremepush has no testing mode; remove this key",
            f'17: {SPLIT}.template: xtremepush has no template "Welcome"; there are none',
        ],
    ),
    (
        "kind: triggered}",
        "kind: triggered, overrides: '{}'}",
        ["9: channels[1].overrides: textlocal has no triggered overrides; remove this key"],
    ),
    (
        "{id: 505, provider: any}",
        "{id: 505, provider: any, exclude: [FIRST_NAME]}",
        [
            (
                "8: channels[0].exclude: only events of triggers leave out data, and this channel is for scheduled"
                " campaigns; remove this key"
            ),
        ],
    ),
    (
        "  - {id: 505, provider: any}\n",
        """  - id: 505
    provider: any
    apps:
      - {id: ios, name: Ours}
      - {id: ios, name: Theirs}
""",
        ["12: channels[0].apps[1].id: app ios already occurs on line 11; remove one of the two"],
    ),
    (
        "{id: 505, provider: any}",
        "{id: 505, provider: any, preference_channel: 606}",
        ["8: channels[0].preference_channel: unknown channel 606; known: 505, 250"],
    ),
    (
        "{id: 250, provider: any, kind: triggered}",
        "{id: 250, provider: any, kind: triggered, preference_channel: 444}",
        ["9: channels[1].preference_channel: unknown channel 444; known: 505, 250"],
    ),
    (
        "listeners: 2,",
        "listeners: 3,",
        [
            (
                "30: steps[0].wait_for.listeners: expected at most 2"
                " (a correct bridge may register one listener for each channel), got 3"
            ),
        ],
    ),
    (
        "seed: 7\n",
        "seed: 7\nsender: null\n",
        [
            (
                "4: sender: expected a text of 3 to 11 characters (in quotes if it looks like a number),"
                " or the word none, got nothing"
            ),
        ],
    ),
    (
        "      - channel: 505\n",
        "      - channel: 250\n",
        [
            (
                "16: campaigns[0].channels[0].channel: expected a channel of kind scheduled, got 250,"
                " which is for triggers"
            ),
        ],
    ),
    (
        "      - channel: 505\n",
        "      - channel: 505\n        app: ios\n",
        ['17: campaigns[0].channels[0].app: unknown app "ios"; there are none'],
    ),
    (
        "    channels:\n",
        "    control_group: 100%\n    app: ios\n    channels:\n",
        [
            '15: campaigns[0].control_group: expected less than 100%, got "100%"',
            "16: campaigns[0].app: expected the app in the item of its channel; move this key there",
        ],
    ),
    (
        "    channels:\n",
        "    channel: 505\n    channels:\n",
        ["14: campaigns[0]: expected either channel and splits, or channels, got channel and channels"],
    ),
    (
        "    announced: 2026-03-02T06:30:00Z\n",
        "",
        ['14: campaigns[0]: missing key "announced": expected the time at which Optimove announces the campaign'],
    ),
    (
        "triggers:\n",
        'nightly: "05:30"\ntriggers:\n',
        [
            f'14: campaigns[0].day: {LATER} the scenario starts (2026-03-02T06:00:00Z), got "2026-03-02T05:30:00Z"',
            (
                "18: campaigns[0].announced: the nightly process at 05:30 announces the campaign;"
                " use `day` or remove this key"
            ),
        ],
    ),
    (
        "    announced: 2026-03-02T06:30:00Z\n",
        "    announced: 2026-03-02T06:30:00Z\n    clearance_by: 2026-03-02T09:30:00Z\n",
        [
            (
                f"17: {SPLIT}.send_at: {LATER} the campaign is announced (2026-03-02T09:30:00Z),"
                ' got "2026-03-02T09:00:00Z"'
            ),
            "19: campaigns[0].clearance_by: the client asks for no clearance; add `clears_campaigns: true` to `bridge`",
        ],
    ),
    (
        "{event: page_visit, count: 2, within: 1 hour}",
        "{event: page_visit, where: {pge: /offers}}",
        [
            (
                '24: triggers[0].criteria[0].where: no step has an event "page_visit" with {pge: /offers};'
                " change `where` or add such a step"
            ),
        ],
    ),
    (
        "    channel: 250\n",
        "    channel: 505\n",
        [
            "22: triggers[0].channel: expected a channel of kind triggered, got 505, which is for scheduled campaigns",
        ],
    ),
    (
        "campaign: 8001",
        "campaign: 7001",
        ["21: triggers[0].campaign: 7001 is a scheduled campaign; choose another number"],
    ),
    (
        "exclude: [page]",
        "exclude: [pages]",
        ['25: triggers[0].exclude[0]: unknown attribute or parameter "pages"; did you mean "page"?'],
    ),
    (
        "  - trigger: Visit\n  - events",
        "  - events",
        ["20: triggers[0].trigger: no step defines this trigger; add `- trigger: Visit` to the steps"],
    ),
    (
        "event: page_visit, customers: 50",
        "event: page_visits, customers: 50",
        ['33: steps[3].events.event: no trigger counts the event "page_visits"; did you mean "page_visit"?'],
    ),
    (
        ", times: 2, every",
        ", every",
        ["33: steps[3].events.every: `every` requires several events per customer; add `times`, such as times: 2"],
    ),
    (
        "customers: 50,",
        "customers: 50, share: 5%,",
        ["33: steps[3].events.share: expected either a share or customers, got both"],
    ),
    (
        "customers: 50,",
        "customers: 50, visitors: 3,",
        ["33: steps[3].events.visitors: expected visitors or customers, got both"],
    ),
    (
        "customers: 50,",
        "first_customer: 60, customers: 50,",
        ["33: steps[3].events.customers: expected at most 40 (the audience has 100 customers), got 50"],
    ),
    (
        "See {{page}}",
        "See {{pgae}}",
        ['12: templates[1].body: unknown attribute "pgae"; did you mean "page"?'],
    ),
    (
        "title: Newer, body",
        "title: New, body",
        ['36: steps[6].change_template.title: any has no template "New" at this step; did you mean "Newer"?'],
    ),
    (
        "title: New, body",
        "title: Welcome, body",
        [
            '34: steps[4].add_template.title: any already has a template "Welcome" at this step; choose another title',
            f'35: steps[5].rename_template.title: any has no template "New" at this step; {TWICE}',
            f'36: steps[6].change_template.title: any has no template "Newer" at this step; {TWICE}',
            f'37: steps[7].delete_template.title: any has no template "Newer" at this step; {TWICE}',
        ],
    ),
    (
        "{by: preference, channel: 505,",
        "{by: preference,",
        ['38: steps[8].opt_out: missing key "channel": expected the channel of the preference'],
    ),
    (
        "{by: preference, channel: 505,",
        "{by: attribute, channel: 505,",
        ["38: steps[8].opt_out.channel: an attribute applies to all channels; remove this key"],
    ),
    (
        "action: rotate",
        "action: enable",
        ["39: steps[9].key.overlap: the action enable has no overlap, because it ends no key; remove this key"],
    ),
    (
        "cancel: 7001",
        "cancel: 7002",
        ['42: steps[12].cancel: no earlier step plans campaign 7002; did you mean "7001"?'],
    ),
    (
        "cancel: 7001",
        "cancel: {campaign: 7001, client: nort}",
        ['42: steps[12].cancel.client: no client is named "nort"; name the clients in `clients`, or remove this key'],
    ),
    (
        "fault: connection_reset",
        "fault: connection_rest",
        ['27: faults[0].fault: unknown fault "connection_rest"; did you mean "connection_reset"?'],
    ),
    (
        "call: any.send,",
        "call: any.sent,",
        ['27: faults[0].call: unknown position "any.sent"; did you mean "any.send"?'],
    ),
    (
        "call: any.send,",
        "webhook: any.receipt,",
        ["27: faults[0].webhook: connection_reset is only possible for a call; use `call` instead of `webhook`"],
    ),
    ("call: any.send,", "", ["27: faults[0]: expected exactly one position (call), got none"]),
    (
        "call: any.send,",
        "call: any.send, down: 1 hour,",
        ['27: faults[0].down: connection_reset has no key "down"; it has no keys of its own'],
    ),
    (
        "fault: connection_reset, call: any.send, when: after",
        "fault: rate_limited, call: any.send, when: after",
        ["27: faults[0].when: rate_limited is only possible before the request is processed; remove this key"],
    ),
]


@pytest.mark.parametrize(("original", "replacement", "expected"), BROKEN)
def test_broken_rule_is_reported_with_its_line_and_key(original: str, replacement: str, expected: list[str]) -> None:
    assert original in WHOLE
    assert messages(WHOLE.replace(original, replacement, 1)) == expected
