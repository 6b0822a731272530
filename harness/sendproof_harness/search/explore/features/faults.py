"""Faults, each at a call or webhook that every bridge reaches in the flows of the feature."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sendproof_harness.providers import discover
from sendproof_harness.scenario.fault_kinds import CALL, DURATION_KEYS, FORGED, KILL, WEBHOOK
from sendproof_harness.scenario.random_faults import CALL_FAULTS, RECEIPT_FAULTS, WEBHOOK_FAULTS
from sendproof_harness.scenario.values import duration_text
from sendproof_harness.search.explore.builder import CAMPAIGN, SCHEDULED, TRIGGERED, ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature, no_change
from sendproof_harness.search.explore.features.cancellations import wait_for_clearance
from sendproof_harness.search.explore.features.changes import stop_between_messages
from sendproof_harness.search.explore.features.triggers import leave_out_name


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlace:
    """A call or webhook that every bridge reaches, with its name in words, and the faults that are possible there.

    `prepare` changes the scenario so that every bridge reaches it.
    """

    name: str
    axis: str
    target: str
    faults: tuple[Mapping[str, Any], ...]
    flows: frozenset[str] = frozenset()
    settings: Mapping[str, object] | None = None
    excludes: frozenset[str] = frozenset()
    prepare: Callable[[ScenarioBuilder], None] = no_change


def _report_customers(builder: ScenarioBuilder) -> None:
    builder.bridge["reports"] = "campaign_metrics"


def _report_stop(builder: ScenarioBuilder) -> None:
    stop_between_messages(builder)
    builder.bridge["opt_outs"] = "preference"


def _fail_one(builder: ScenarioBuilder) -> None:
    builder.bridge["signed_webhooks"] = True
    builder.add_customer(protection="none", outcome="undelivered after 1 h")


_IN_CAMPAIGN, _IN_TRIGGER = frozenset({SCHEDULED}), frozenset({TRIGGERED})
# The message to the customer is due when the event arrives.
_TRIGGER_FAULTS = (*WEBHOOK_FAULTS, {"fault": "delay_webhook", "by": 7_200_000})
_FORGED: Mapping[str, Any] = {"fault": FORGED, "times": "all"}
_OF_CAMPAIGN = {"where": {"CampaignID": CAMPAIGN}}
# Without these, the bridge may send or report in another way, or not at all.
_UNSENT = frozenset({"channel in testing mode", "no webhooks of the account", "cancelled by itself"})
# A group of customer ids has no address for receipts: its statuses are read.
_BY_IDS = frozenset({"customers named by id", "translations of the provider"})
_UNREPORTED = frozenset({"reports of signed events", "channel in testing mode", "reports once a day"})

PLACES = (
    FaultPlace(name="the registration", axis=CALL, target="optimove.RegisterEventListener", faults=CALL_FAULTS),
    FaultPlace(name="the list of templates", axis=CALL, target="any.templates", faults=CALL_FAULTS),
    FaultPlace(name="the report of templates", axis=CALL, target="optimove.AddChannelTemplates", faults=CALL_FAULTS),
    FaultPlace(
        name="the first page",
        axis=CALL,
        target="optimove.GetCustomerSendDetailsByChannel",
        faults=CALL_FAULTS,
        flows=_IN_CAMPAIGN,
        settings=_OF_CAMPAIGN,
        excludes=frozenset({"cancelled before its announcement"}),
    ),
    FaultPlace(name="the first send", axis=CALL, target="any.send", faults=CALL_FAULTS, excludes=_UNSENT),
    FaultPlace(
        name="the first report",
        axis=CALL,
        target="optimove.UpdateCampaignMetrics",
        faults=CALL_FAULTS,
        excludes=_UNREPORTED,
    ),
    FaultPlace(
        name="the third report",
        axis=CALL,
        target="optimove.UpdateCampaignMetrics",
        faults=CALL_FAULTS,
        settings={"nth": 3},
        excludes=_UNREPORTED | _BY_IDS,
    ),
    FaultPlace(
        name="the announcement",
        axis=WEBHOOK,
        target="optimove.13",
        faults=(*WEBHOOK_FAULTS, _FORGED),
        flows=_IN_CAMPAIGN,
        settings=_OF_CAMPAIGN,
        excludes=frozenset({"cancelled before its announcement"}),
    ),
    FaultPlace(
        name="the first event of a trigger",
        axis=WEBHOOK,
        target="optimove.11",
        faults=_TRIGGER_FAULTS,
        flows=_IN_TRIGGER,
    ),
    FaultPlace(
        name="the third event of a trigger",
        axis=WEBHOOK,
        target="optimove.11",
        faults=_TRIGGER_FAULTS,
        flows=_IN_TRIGGER,
        settings={"nth": 3},
    ),
    FaultPlace(
        name="the first receipt",
        axis=WEBHOOK,
        target="any.receipt",
        faults=RECEIPT_FAULTS,
        excludes=_UNSENT | _BY_IDS,
    ),
    FaultPlace(
        name="the first look-up",
        axis=CALL,
        target="optimove.GetCustomerAttributes",
        faults=CALL_FAULTS,
        flows=_IN_TRIGGER,
        excludes=frozenset({"triggered overrides"}),
        prepare=leave_out_name,
    ),
    FaultPlace(
        name="the first report about customers",
        axis=CALL,
        target="optimove.UpdateCampaignInteractions",
        faults=CALL_FAULTS,
        excludes=_UNREPORTED,
        prepare=_report_customers,
    ),
    FaultPlace(
        name="the first report of an opt-out",
        axis=CALL,
        target="optimove.SetCustomerChannelPreference",
        faults=CALL_FAULTS,
        excludes=_UNSENT | _BY_IDS | {"opt-out", "reported opt-outs", "two clients with reports of their own"},
        prepare=_report_stop,
    ),
    *(
        FaultPlace(
            name=name,
            axis=CALL,
            target=f"optimove.{operation}",
            faults=CALL_FAULTS,
            flows=_IN_CAMPAIGN,
            excludes=frozenset({"cancellation", "two clients, one of which cancels"}),
            prepare=wait_for_clearance,
        )
        for name, operation in (
            ("the list of customers on hold", "GetProcessedCampaignCustomers"),
            ("the first clearance", "UpdateCustomerPromotionStatus"),
        )
    ),
    FaultPlace(
        name="receipts of failures",
        axis=WEBHOOK,
        target="any.failure",
        faults=(_FORGED,),
        excludes=_UNSENT | _BY_IDS | {"account"},
        prepare=_fail_one,
    ),
)


def features(*, kills: bool) -> tuple[Feature, ...]:
    """Return a feature for each fault at each place; without `kills`, none of them kills the bridge."""
    return tuple(
        feature
        for place in PLACES
        for fault in place.faults
        if kills or fault["fault"] != KILL
        for feature in _features_at(place, fault)
    )


def _features_at(place: FaultPlace, fault: Mapping[str, Any]) -> Iterator[Feature]:
    yield Feature(
        name=f"{_fault_text(fault)} at {place.name}",
        topic=f"fault at {place.name}",
        apply=_adding(place, fault),
        flows=place.flows,
        providers=_with_target(place),
        excludes=place.excludes,
        shows=f"fault {fault['fault']}",
    )


def _with_target(place: FaultPlace) -> frozenset[str] | None:
    """Return the providers that have the call or webhook; None if it is none of a provider."""
    names = {
        "any.templates": "template_operation",
        "any.send": "send_operation",
        "any.receipt": "receipt_event",
        "any.failure": "failure_event",
    }
    if place.target not in names:
        return None
    return frozenset(name for name, record in discover().items() if getattr(record, names[place.target]) is not None)


def _fault_text(fault: Mapping[str, Any]) -> str:
    kind = str(fault["fault"]).replace("_", " ")
    settings = [f"{key.replace('_', ' ')} {_value(key, value)}" for key, value in fault.items() if key != "fault"]
    return f"{kind} ({', '.join(settings)})" if settings else kind


def _value(key: str, value: object) -> object:
    return duration_text(timedelta(milliseconds=int(str(value)))) if key in DURATION_KEYS else value


def _adding(place: FaultPlace, fault: Mapping[str, Any]) -> Callable[[ScenarioBuilder], None]:
    settings = {key: _value(key, value) for key, value in fault.items() if key != "fault"}

    def apply(builder: ScenarioBuilder) -> None:
        place.prepare(builder)
        builder.add_fault(str(fault["fault"]), place.axis, place.target, **(place.settings or {}), **settings)

    return apply
