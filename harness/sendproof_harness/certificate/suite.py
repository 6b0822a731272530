"""The fixed suite of a certificate: the scenarios of the library that a bridge should pass before it goes live.

A suite takes minutes. It leaves out what only some clients ask for, such as several clients in one bridge, signed
events, or an opt-out channel. Change `SUITE_VERSION` with the list.

A bridge states the types of messages that it sends. Its suite has the scenarios with no other type.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

from sendproof_harness.providers import discover
from sendproof_harness.scenario.library import library_files
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import SMS

#: The version of the lists below, which a certificate names.
SUITE_VERSION = 1
#: The scenario of the run that also posts events to the listeners.
CONFORMANCE_SCENARIO = "contract/everyday"

#: What the bridge serves: scheduled campaigns, triggered messages, or both.
Flow = Literal["scheduled", "triggered", "both"]
FLOWS: tuple[Flow, ...] = ("scheduled", "triggered", "both")

_SCHEDULED = (
    "scheduled/texts_and_times",
    "scheduled/special_characters",
    "scheduled/long_texts",
    "scheduled/control_group",
    "time_zones/clocks_go_forward",
    "time_zones/midnight",
    "paging/one_page_and_one_more",
    "templates/renamed",
    "templates/deleted",
    "cancellation/by_a_marketer",
    "opt_outs/by_customer_table",
    "opt_outs/in_the_middle",
    "receipts/bounced",
    "receipts/dropped",
    "receipts/twice_and_in_disorder",
    "reporting/totals_and_interactions",
    "testing/whole_campaign",
    "failures/optimove_down",
    "failures/reply_lost_after",
    "failures/reply_lost_before",
    "failures/rate_limited_until",
    "failures/notifications_twice",
    "failures/key_rotated",
    "failures/bridge_killed",
)
_TRIGGERED = (
    "triggered/one_event",
    "triggered/several_events",
    "triggered/again_and_again",
    "triggered/burst",
    "triggered/personal_information",
    "opt_outs/between_triggers",
    "failures/burst_in_trouble",
)
_BOTH = ("channels/scheduled_and_triggered",)

#: Scenarios with other messages than SMS, some of them beside SMS.
_SCHEDULED_OTHERS = (
    "push/campaign",
    "push/opened",
    "push/switched_off",
    "push/every_type",
    "push/web_unsubscribed",
    "email/mailing",
    "email/clicked_in_mail",
    "email/unsubscribed_by_link",
)
_TRIGGERED_OTHERS = ("push/triggered", "push/web_triggered", "email/basket_mail")
#: Those of a provider that sends no SMS, in the folder of its name.
_OWN: dict[str, tuple[str, ...]] = {
    "scheduled": ("campaign", "refusals", "unsubscribed_at_once"),
    "triggered": ("triggered",),
    "both": ("campaign", "refusals", "unsubscribed_at_once", "triggered"),
}

_SCENARIOS: dict[Flow, tuple[str, ...]] = {
    "scheduled": _SCHEDULED,
    "triggered": _TRIGGERED,
    "both": (*_SCHEDULED, *_TRIGGERED, *_BOTH),
}
_OTHERS: dict[Flow, tuple[str, ...]] = {
    "scheduled": _SCHEDULED_OTHERS,
    "triggered": _TRIGGERED_OTHERS,
    "both": (*_SCHEDULED_OTHERS, *_TRIGGERED_OTHERS),
}


def suite_files(provider: str, flow: Flow, messages: Collection[str] = (SMS,)) -> Sequence[Path]:
    """Return the scenario files of a suite, in order. Those of messages other than SMS are files of the provider."""
    files = [file for name in _SCENARIOS[flow] for file in library_files(Path(name))] if SMS in messages else []
    if set(messages) != {SMS}:
        others = (file for name in _other_names(provider, flow) for file in library_files(Path(name)))
        files += [file for file in others if _suits(file, provider, messages)]
    return files


def _other_names(provider: str, flow: Flow) -> Sequence[str]:
    record = discover().get(provider)
    if record is None or SMS in record.message_types:
        return _OTHERS[flow]
    return [f"{provider}/{name}" for name in _OWN[flow]]


def untested_messages(provider: str, flow: Flow, messages: Collection[str]) -> Sequence[str]:
    """Return the types of messages that no scenario of the suite has, for example because it sends others as well."""
    if set(messages) == {SMS}:
        return []
    tested = {
        channel.message
        for file in suite_files(provider, flow, messages)
        for scenario in load_scenarios(file)
        for channel in scenario.channels
        if channel.provider == provider
    }
    return [name for name in messages if name not in tested]


def _suits(file: Path, provider: str, messages: Collection[str]) -> bool:
    """Return True if the file has a scenario of this provider alone, with messages of these types only."""
    return any(
        all(channel.provider == provider and channel.message in messages for channel in scenario.channels)
        for scenario in load_scenarios(file)
    )


def has_conformance(flow: Flow, messages: Collection[str] = (SMS,)) -> bool:
    """Return True if the suite posts events to the listeners; its scenario has campaigns of SMS."""
    return flow != "triggered" and SMS in messages


def library_names(files: Sequence[Path]) -> Iterator[str]:
    """Yield the names by which `sendproof run` finds files of the library, such as `scheduled/long_texts`."""
    yield from (f"{file.parent.name}/{file.stem}" for file in files)
