"""Messages of other types beside the SMS: a channel for campaigns and one for triggers, and customers that it misses.

They are only drawn if the search is to have them: a bridge for SMS cannot send them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sendproof_harness.providers import discover
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE, EMAIL, INBOX, PUSH, SMS, WEB_PUSH
from sendproof_harness.search.explore.builder import EVENT, SCHEDULED, TRIGGERED, Content, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

_TOPIC = "message type"
_MAIL: Mapping[str, str] = {
    "subject": "{{FIRST_NAME}}, there is news",
    "body": '<p>Dear {{FIRST_NAME}},</p><p>see the <a href="https://shop.example/news">news</a> &amp; more.</p>',
}
_NOTIFICATION: Mapping[str, str] = {"heading": "{{FIRST_NAME}}", "body": "There is news in {{CITY}}."}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChannel:
    """One type of messages beside the SMS. `number` ends the ids of its channels and campaigns.

    `kind` is the key of the audience for what its messages go to, and `groups` are customers with something unusual
    there: `key` of an individual, and its values. Through a relay, another provider than that of the SMS sends them.
    """

    name: str
    message: str
    number: int
    template: Mapping[str, str]
    kind: str = ""
    key: str = ""
    groups: Sequence[str] = ()
    by_relay: bool = False
    can_be_switched_off: bool = False
    excludes: frozenset[str] = field(default_factory=frozenset)


_CHANNELS = (
    MessageChannel(
        name="also by push",
        message=PUSH,
        number=1,
        template=_NOTIFICATION,
        kind="devices",
        key="devices",
        groups=("none", "several", "no_consent"),
        can_be_switched_off=True,
    ),
    MessageChannel(
        name="also by web push",
        message=WEB_PUSH,
        number=2,
        template=_NOTIFICATION,
        kind="browsers",
        key="browsers",
        groups=("none", "several", "unsubscribed", "no_consent"),
        can_be_switched_off=True,
    ),
    MessageChannel(name="also to the inbox", message=INBOX, number=3, template=_NOTIFICATION),
    MessageChannel(
        name="also by e-mail",
        message=EMAIL,
        number=4,
        template=_MAIL,
        kind="addresses",
        key="address",
        groups=("unusable", "untidy", "unusual", "no_consent"),
        excludes=frozenset({"also by a mail relay"}),
    ),
    MessageChannel(
        name="also by a mail relay",
        message=EMAIL,
        number=5,
        template=_MAIL,
        kind="addresses",
        key="address",
        groups=("unusable", "untidy", "unusual", "no_consent"),
        by_relay=True,
        # A relay tells the results of messages only by them.
        excludes=frozenset({"no webhooks of the account"}),
    ),
)
# Their customers are known to the provider alone.
_IDS = frozenset({"customers named by id", "translations of the provider"})
# They need all customers in the first campaign, or have another one on the first day.
_ALL_FIRST = frozenset(
    {
        "two texts at two times",
        "two groups of an A/B test",
        "control group",
        "two campaigns at one time",
        "campaign to one customer",
        "channel of another provider",
        "cancellation",
        "template",
    }
)


def _adding(channel: MessageChannel) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        provider, title = _relay() if channel.by_relay else builder.provider, f"News {channel.message}"
        builder.templates.append({"provider": provider, "title": title, "message": channel.message, **channel.template})
        if channel.kind:
            builder.audience[channel.kind] = {}
            builder.bridge["consent"] = CONSENT_BY_ATTRIBUTE
        for group in channel.groups:
            builder.add_customer(protection="none", **{channel.key: group})
        common: Content = {"provider": provider, "message": channel.message}
        if SCHEDULED in builder.flows:
            id_ = 520 + channel.number
            builder.channels.append({"id": id_, **common})
            builder.add_campaign(7020 + channel.number, builder.sent + timedelta(minutes=3), title, channel=id_)
        if TRIGGERED in builder.flows:
            id_ = 270 + channel.number
            builder.channels.append({"id": id_, "kind": TRIGGERED, **common})
            trigger = builder.add_trigger(title, 8020 + channel.number, title, [{"event": EVENT}])
            trigger["channel"] = id_

    return apply


def _switched_off(channel: MessageChannel) -> Callable[[ScenarioBuilder], None]:
    """Return what adds a customer who switches these messages off before all others, and further messages of all types.

    The first campaign of SMS leaves this customer out, who would reply STOP to it, too.
    """

    def apply(builder: ScenarioBuilder) -> None:
        _adding(channel)(builder)
        builder.bridge.setdefault("opt_outs", "preference")
        position = builder.add_customer(protection="none", outcome="delivered, replies STOP")
        builder.campaign.settings |= {"customers": position}
        builder.contact_again()
        for other in _CHANNELS:
            if (first := builder.campaigns.get(7020 + other.number)) is not None:
                title, id_ = first.splits[0]["template"], first.settings["channel"]
                builder.add_campaign(7040 + other.number, builder.next_day, title, channel=id_)

    return apply


def _providers(channel: MessageChannel) -> frozenset[str]:
    """Return the providers of SMS that send these messages, too; for those by a relay, the others."""
    return frozenset(
        name for name, record in discover().items() if (channel.message in record.message_types) != channel.by_relay
    )


def _relay() -> str:
    """Return the provider of e-mails that sends no SMS."""
    types = {name: record.message_types for name, record in discover().items()}
    return next(name for name in types if EMAIL in types[name] and SMS not in types[name])


def _switching(channel: MessageChannel) -> str:
    return f"{channel.name}, which one switches off"


def features() -> tuple[Feature, ...]:
    """Return the features for each type and provider."""
    switches = [channel for channel in _CHANNELS if channel.can_be_switched_off]
    return (
        *(
            Feature(
                name=channel.name,
                topic=_TOPIC,
                apply=_adding(channel),
                message=channel.message,
                providers=_providers(channel),
                excludes=_IDS | channel.excludes,
            )
            for channel in _CHANNELS
        ),
        *(
            Feature(
                name=_switching(channel),
                topic=_TOPIC,
                apply=_switched_off(channel),
                message=channel.message,
                providers=_providers(channel),
                excludes=_IDS
                | _ALL_FIRST
                | {channel.name, *(_switching(other) for other in switches if other != channel)},
                flows=frozenset({SCHEDULED}),
                without=frozenset({TRIGGERED}),
            )
            for channel in switches
        ),
    )
