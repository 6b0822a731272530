"""Campaigns that are cancelled, or wait for the bridge to clear their customers."""

from datetime import timedelta

from sendproof_harness.search.explore.builder import CAMPAIGN, SCHEDULED, TITLE, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features.campaigns import CHANNELS, on_two_channels
from sendproof_harness.search.explore.features.clients import CLIENTS

_SPLITS = frozenset({"two texts at two times", "two groups of an A/B test"})


def _is_cancelled(builder: ScenarioBuilder, *, is_read: bool = True) -> None:
    """Let the scenario be about a cancelled campaign, and another one that is due."""
    builder.drop_subject({"due": CAMPAIGN})
    builder.add_campaign(7007, builder.sent)
    if is_read:
        builder.subjects.append({"withheld": "cancelled"})


def _by_marketer(builder: ScenarioBuilder) -> None:
    builder.at(builder.between, {"cancel": CAMPAIGN})
    _is_cancelled(builder)


def _by_itself(builder: ScenarioBuilder) -> None:
    builder.campaign.settings["cancel_at"] = builder.sent - timedelta(minutes=5)
    _is_cancelled(builder)


def _unannounced(builder: ScenarioBuilder) -> None:
    builder.at(builder.announced / 2, {"cancel": CAMPAIGN})
    _is_cancelled(builder, is_read=False)


def _between_splits(builder: ScenarioBuilder) -> None:
    builder.fill_splits()
    (first,) = builder.campaign.splits
    first["share"] = "50%"
    late = builder.sent + timedelta(hours=9)
    builder.campaign.splits.append({"share": "50%", "template": TITLE, "send_at": late})
    builder.at(builder.sent + timedelta(hours=3), {"cancel": CAMPAIGN})
    # The other one is due to everyone, so to each test number, too.
    builder.add_campaign(7007, builder.sent)
    builder.subjects.append({"withheld": "cancelled"})


def _announced_again(builder: ScenarioBuilder) -> None:
    _by_marketer(builder)
    again = {"webhook": "optimove.13", "count": 2}
    builder.at((builder.between + builder.sent) / 2, {"resend": again})


def _on_two_channels(builder: ScenarioBuilder) -> None:
    on_two_channels(builder)
    _by_marketer(builder)


def _at_one_client(builder: ScenarioBuilder) -> None:
    builder.top["clients"] = CLIENTS
    builder.at(builder.between, {"cancel": {"campaign": CAMPAIGN, "client": CLIENTS[0]}})
    # Only one of the clients has customers of a cancelled campaign.
    _is_cancelled(builder, is_read=False)


def wait_for_clearance(builder: ScenarioBuilder) -> None:
    """Hold the first campaign until the bridge clears its customers."""
    builder.bridge["clears_campaigns"] = True
    builder.campaign.settings["clearance_by"] = builder.between


_IN_CAMPAIGN, _SITUATION = frozenset({SCHEDULED}), "requirement R408"

FEATURES = (
    *(
        Feature(name=name, topic="cancellation", apply=apply, flows=_IN_CAMPAIGN, excludes=excludes, shows=shows)
        for name, apply, excludes, shows in (
            ("cancelled by a marketer", _by_marketer, frozenset[str](), _SITUATION),
            ("cancelled by itself", _by_itself, frozenset[str](), _SITUATION),
            ("cancelled before its announcement", _unannounced, frozenset[str](), ""),
            ("cancelled between two splits", _between_splits, _SPLITS, _SITUATION),
            ("cancelled and announced again", _announced_again, frozenset[str](), _SITUATION),
            ("cancelled on two channels", _on_two_channels, CHANNELS, _SITUATION),
            ("on hold until it is cleared", wait_for_clearance, frozenset[str](), "requirement R104"),
        )
    ),
    Feature(
        name="two clients, one of which cancels",
        topic="clients",
        apply=_at_one_client,
        flows=_IN_CAMPAIGN,
        excludes=frozenset({"cancellation"}),
        shows=_SITUATION,
    ),
)
