"""Building the document of a generated scenario. Features change it one after the other, and `document` finishes it.

Times are durations since the start of the scenario, so that a feature can move the whole scenario to another day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.fault_kinds import resolve_target
from sendproof_harness.scenario.values import duration_text, iso_utc
from sendproof_harness.search.explore.draws import Draws

Content = dict[str, Any]

SCHEDULED, TRIGGERED = "scheduled", "triggered"
#: The scheduled channel, one of the second provider, and the triggered channel.
CHANNEL, OTHER_CHANNEL, TRIGGER_CHANNEL = 505, 506, 250
CAMPAIGN, AGAIN, TRIGGER, EVENT = 7001, 7002, "Visit", "page_visit"
TITLE = "News"

# Local time of a bridge in another zone is wrong here, and so is a day that is taken for the month.
_ORDINARY_MORNING = datetime(2026, 3, 2, 10, tzinfo=UTC)
# A bridge may need an hour to notice a new template.
_ANNOUNCED, _SENT = timedelta(hours=3), timedelta(hours=6)
_DAY = timedelta(days=1)
_FEW, _MANY = 4, 14


def parameters(page: str) -> Content:
    """Return the parameters of a visit to a page."""
    return {"page": page, "price": 9, "in_stock": True}


@dataclass(slots=True, kw_only=True)
class BuilderCampaign:
    """A campaign whose times are durations since the start: when it is announced and when each split is sent.

    `settings` are further keys of the file. A setting that is a duration becomes a time.
    """

    number: int
    announced: timedelta
    splits: list[Content]
    settings: Content = field(default_factory=dict)
    planned: timedelta = timedelta()


class ScenarioBuilder:
    """The document of a scenario in the making: ordinary at first, until features change it.

    `provider` carries all messages, `other` is a second provider, which features may add.
    """

    def __init__(self, provider: str, other: str, flows: frozenset[str], seed: int) -> None:
        self.provider, self.other, self.flows = provider, other, flows
        self.draws = Draws(seed)
        self.seed = seed
        self.sends_at = _ORDINARY_MORNING
        self.announced, self.sent = _ANNOUNCED, _SENT
        # A whole day of reports follows the last message.
        self.lasts = timedelta(hours=26)
        self.body = "Hello {{FIRST_NAME}}, there is news. Reply STOP to opt out."
        self.campaigns: dict[int, BuilderCampaign] = {}
        self.triggers: list[Content] = []
        self.channels: list[Content] = []
        self.templates: list[Content] = []
        self.individuals: list[Content] = []
        self.subjects: list[Content] = []
        self.bridge: Content = {"account_webhooks": True}
        self.audience: Content = {}
        self.faults: list[Content] = []
        self.top: Content = {}
        # Customers who are not spelled out.
        self.others = _FEW
        self._steps: list[tuple[timedelta, Content]] = []
        self._has_events_again = False

    def begin(self) -> None:
        """Add the ordinary content: two customers who are due a message, one who opted out, a campaign, a trigger."""
        self.add_customer(protection="none")
        self.add_customer(protection="none")
        self.add_customer(protection="provider_list")
        self.add_template(TITLE, self.body)
        if SCHEDULED in self.flows:
            self.channels.append({"id": CHANNEL, "provider": self.provider})
            self.add_campaign(CAMPAIGN, self.sent)
        if TRIGGERED in self.flows:
            self.channels.append({"id": TRIGGER_CHANNEL, "provider": self.provider, "kind": "triggered"})
            self.add_trigger(TRIGGER, 8001, TITLE, [{"event": EVENT}])
            self.add_events(self.announced, parameters=parameters("/offers"))

    @property
    def starts(self) -> datetime:
        """The start, so that the first message is due at `sends_at`."""
        return self.sends_at - self.sent

    @property
    def between(self) -> timedelta:
        """A time when the campaign has been read, and nothing is sent yet."""
        return (self.announced + self.sent) / 2

    @property
    def next_day(self) -> timedelta:
        """The time of the first message, a day later."""
        return self.sent + _DAY

    @property
    def country(self) -> str:
        """The country that both providers send to."""
        countries = {provider_record(name).default_country for name in (self.provider, self.other)}
        return "US" if "US" in countries else "GB"

    @property
    def campaign(self) -> BuilderCampaign:
        """The first campaign."""
        return self.campaigns[CAMPAIGN]

    @property
    def trigger(self) -> Content:
        """The first trigger."""
        return self.triggers[0]

    def name_of(self, attribute: str) -> str:
        """Return the client's name of an attribute such as PHONENUMBER."""
        return str(self.audience.get("attribute_names", {}).get(attribute, attribute))

    def at(self, after: timedelta, *steps: Content) -> None:
        """Add steps at a time. Steps of one time keep their order."""
        self._steps += [(after, step) for step in steps]

    def add_customer(self, **properties: object) -> int:
        """Add a customer that is spelled out, and return its position."""
        position = len(self.individuals)
        self.individuals.append({"customer": position, **properties})
        return position

    def add_template(self, title: str, body: str, provider: str | None = None) -> None:
        """Add a template that the provider has from the start."""
        self.templates.append({"provider": provider or self.provider, "title": title, "body": body})

    def add_campaign(self, number: int, sent: timedelta, title: str = TITLE, **settings: object) -> BuilderCampaign:
        """Add a campaign to everyone with one split, which is announced as long before it is sent as the first."""
        announced = self.announced + (sent - self.sent)
        split = {"share": "100%", "template": title, "send_at": sent}
        self.campaigns[number] = BuilderCampaign(
            number=number, announced=announced, splits=[split], settings={"channel": CHANNEL, **settings}
        )
        self.subjects.append({"due": number})
        return self.campaigns[number]

    def add_trigger(self, name: str, campaign: int, title: str, criteria: list[Content]) -> Content:
        """Add a trigger that exists from the start."""
        trigger = {
            "trigger": name,
            "campaign": campaign,
            "channel": TRIGGER_CHANNEL,
            "template": title,
            "criteria": criteria,
        }
        self.triggers.append(trigger)
        self.subjects.append({"due": name})
        return trigger

    def add_events(self, after: timedelta, event: str = EVENT, **settings: object) -> None:
        """Add events of every customer."""
        self.at(after, {"events": {"event": event, **settings}})

    def add_fault(self, kind: str, axis: str, target: str, **settings: object) -> None:
        """Add a fault at a call or webhook; `any` in the target is the provider."""
        self.faults.append({"fault": kind, axis: resolve_target(axis, target, self.provider), **settings})

    def fill_splits(self) -> None:
        """Add enough customers for each split to have some of them, who are drawn."""
        self.others = max(self.others, _MANY)

    def contact_again(self) -> None:
        """Let every customer be due another message a day later; features may share it."""
        if SCHEDULED in self.flows and AGAIN not in self.campaigns:
            self.add_campaign(AGAIN, self.next_day)
        if TRIGGERED in self.flows:
            self.trigger["repeat"] = True
            self._has_events_again = True

    def drop_subject(self, subject: Content) -> None:
        """Remove something that the scenario no longer is about."""
        self.subjects = [kept for kept in self.subjects if kept != subject]

    def time(self, after: timedelta) -> str:
        """Return a time of the scenario as a file has it."""
        return iso_utc(self.starts + after)

    def document(self, name: str, about: str) -> Content:
        """Return the finished document."""
        customers = len(self.individuals) + self.others
        parts: Content = {
            "sendproof": 1,
            "name": name,
            "about": about,
            "seed": self.seed,
            "starts": self.time(timedelta()),
            **self.top,
            "audience": {
                "customers": customers,
                "country": self.country,
                **self.audience,
                "individuals": self.individuals,
            },
            "subjects": self.subjects,
            "channels": self.channels,
            "templates": self.templates,
            "campaigns": [self._campaign(campaign) for campaign in self.campaigns.values()],
            "triggers": self.triggers,
            "bridge": self.bridge,
            "faults": self.faults,
            "steps": list(self._timeline()),
        }
        return {key: value for key, value in parts.items() if value not in ([], {})}

    def _campaign(self, campaign: BuilderCampaign) -> Content:
        announced = {} if "nightly" in self.top else {"announced": campaign.announced}
        content = {"campaign": campaign.number, **campaign.settings, **announced}
        if "channels" not in content:
            content["splits"] = campaign.splits
        return dict(self._with_times(content))

    def _with_times(self, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in content.items():
            if isinstance(value, timedelta):
                yield key, self.time(value)
            elif isinstance(value, list):
                yield key, [dict(self._with_times(item)) if isinstance(item, dict) else item for item in value]
            else:
                yield key, value

    def _timeline(self) -> Iterator[Content]:
        """Yield the steps in the order of their times, with the time between them."""
        yield {"wait_for": {"listeners": len(self.channels), "synchronised": True}}
        yield from ({"trigger": trigger["trigger"]} for trigger in self.triggers)
        plans = [(campaign.planned, {"plan": campaign.number}) for campaign in self.campaigns.values()]
        now = timedelta()
        for after, step in sorted((*plans, *self._all_steps()), key=lambda item: item[0]):
            if after > now:
                yield {"advance": duration_text(after - now)}
                now = after
            yield step
        yield {"advance": duration_text(self._end() - now)}

    def _all_steps(self) -> list[tuple[timedelta, Content]]:
        """Return the steps; customers who are contacted again have all of their events again a day later."""
        events = [(after + _DAY, step) for after, step in self._steps if "events" in step]
        return [*self._steps, *(events if self._has_events_again else ())]

    def _end(self) -> timedelta:
        """Return the end: the last message or step, and then the duration for receipts and reports."""
        sends = [split["send_at"] for campaign in self.campaigns.values() for split in self._splits(campaign)]
        last: timedelta = max([self.sent, *sends, *(after for after, _ in self._all_steps())])
        return last + self.lasts

    @staticmethod
    def _splits(campaign: BuilderCampaign) -> Iterator[Content]:
        yield from campaign.splits
        for part in campaign.settings.get("channels", ()):
            yield from part["splits"]
