"""Campaigns: their splits, channels, customers and groups."""

from datetime import timedelta

from sendproof_harness.search.explore.builder import CHANNEL, OTHER_CHANNEL, SCHEDULED, TITLE, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature

#: The feature that needs a search with two providers.
OTHER_PROVIDER = "channel of another provider"
#: The features with a channel of the other provider.
OF_TWO_PROVIDERS = frozenset({OTHER_PROVIDER, "campaign on two channels", "cancelled on two channels"})

_MORE = "More news"
_OFFER = "Offer"
_SPLIT_AFTER = timedelta(hours=3)


def _add_offer(builder: ScenarioBuilder) -> None:
    if all(template["title"] != _OFFER for template in builder.templates):
        builder.add_template(_OFFER, "{{FIRST_NAME}}, our offer ends on Friday in {{CITY}}. Reply STOP to opt out.")


def _two_times(builder: ScenarioBuilder) -> None:
    builder.fill_splits()
    _add_offer(builder)
    (first,) = builder.campaign.splits
    first["share"] = "50%"
    builder.campaign.splits.append(
        {"share": "50%", "template": _OFFER, "send_at": builder.sent + _SPLIT_AFTER},
    )


def _two_groups(builder: ScenarioBuilder) -> None:
    builder.fill_splits()
    _add_offer(builder)
    (first,) = builder.campaign.splits
    first["share"] = "50%"
    builder.campaign.splits.append({"share": "50%", "template": _OFFER, "send_at": builder.sent, "group": 2})


def _control_group(builder: ScenarioBuilder) -> None:
    builder.campaign.settings["control_group"] = "40%"


def _app(builder: ScenarioBuilder) -> None:
    builder.channels[0]["apps"] = [{"id": "casino", "name": "Our casino"}, {"id": "bingo-2", "name": "Bingo"}]
    builder.campaign.settings["app"] = "bingo-2"


def _again(builder: ScenarioBuilder) -> None:
    builder.contact_again()


def _at_the_same_time(builder: ScenarioBuilder) -> None:
    _add_offer(builder)
    builder.add_campaign(7003, builder.sent, _OFFER)


def _to_nobody(builder: ScenarioBuilder) -> None:
    builder.add_campaign(7004, builder.sent, customers=0)
    builder.drop_subject({"due": 7004})


def _to_one(builder: ScenarioBuilder) -> None:
    builder.add_campaign(7005, builder.sent + timedelta(minutes=1), customers=1, first_customer=1)


def _add_other_channel(builder: ScenarioBuilder) -> str:
    """Add a channel of the other provider, with a template; return its title, which a provider has once."""
    title = TITLE if builder.other != builder.provider else _MORE
    builder.channels.insert(1, {"id": OTHER_CHANNEL, "provider": builder.other})
    builder.add_template(title, "Hello {{FIRST_NAME}}, this is new, too. Reply STOP to opt out.", builder.other)
    return title


def _other_provider(builder: ScenarioBuilder) -> None:
    title = _add_other_channel(builder)
    builder.add_campaign(7006, builder.sent, title, channel=OTHER_CHANNEL)


def on_two_channels(builder: ScenarioBuilder) -> None:
    """Send the first campaign on a channel of the other provider, too, half an hour later."""
    title = _add_other_channel(builder)
    settings = builder.campaign.settings
    del settings["channel"]
    other = {"share": "100%", "template": title, "send_at": builder.sent + timedelta(minutes=30)}
    settings["channels"] = [
        {"channel": CHANNEL, "splits": builder.campaign.splits},
        {"channel": OTHER_CHANNEL, "splits": [other]},
    ]


_SPLITS = frozenset({"two texts at two times", "two groups of an A/B test", "cancelled between two splits"})
#: Each of them decides on which channels the first campaign is, or needs the channel of the other provider.
CHANNELS = OF_TWO_PROVIDERS | {"campaign of an app"}
_IN_CAMPAIGN = frozenset({SCHEDULED})

FEATURES = tuple(
    Feature(name=name, topic="campaign", apply=apply, flows=_IN_CAMPAIGN, excludes=excludes, shows=shows)
    for name, apply, excludes, shows in (
        ("two texts at two times", _two_times, _SPLITS, ""),
        ("two groups of an A/B test", _two_groups, _SPLITS, ""),
        ("control group", _control_group, frozenset[str](), ""),
        ("campaign of an app", _app, CHANNELS, "requirement R203"),
        ("campaign to the same customers a day later", _again, frozenset[str](), ""),
        ("two campaigns at one time", _at_the_same_time, frozenset[str](), ""),
        ("campaign to nobody", _to_nobody, frozenset[str](), ""),
        ("campaign to one customer", _to_one, frozenset[str](), ""),
        (OTHER_PROVIDER, _other_provider, CHANNELS, ""),
        ("campaign on two channels", on_two_channels, CHANNELS, ""),
    )
)
