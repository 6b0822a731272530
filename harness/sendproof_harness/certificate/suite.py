"""The fixed suite of a certificate: the scenarios of the library that a bridge should pass before it goes live.

A suite takes minutes. It leaves out what only some clients ask for, such as several clients in one bridge, signed
events, or an opt-out channel. Change `SUITE_VERSION` with the list.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from sendproof_harness.scenario.library import find_scenario_files

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

_SCENARIOS: dict[Flow, tuple[str, ...]] = {
    "scheduled": _SCHEDULED,
    "triggered": _TRIGGERED,
    "both": (*_SCHEDULED, *_TRIGGERED, *_BOTH),
}


def suite_files(flow: Flow) -> Sequence[Path]:
    """Return the scenario files of a suite, in order."""
    return [file for name in _SCENARIOS[flow] for file in find_scenario_files(Path(name))]


def has_conformance(flow: Flow) -> bool:
    """Return True if the suite posts events to the listeners; its scenario needs a bridge that serves campaigns."""
    return flow != "triggered"


def library_names(files: Sequence[Path]) -> Iterator[str]:
    """Yield the names by which `sendproof run` finds files of the library, such as `scheduled/long_texts`."""
    yield from (f"{file.parent.name}/{file.stem}" for file in files)
