"""The parts of a history that only a draft reads, as the control API takes them (`openapi/control.yaml`).

They may come from a file of someone else, so each is checked before it is used.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict, TypeVar

import msgspec

from sendproof_harness.history.reader import HistoryError, decode_instant
from sendproof_harness.history.records import Action
from sendproof_harness.history.timestamps import DAY, Instant
from sendproof_harness.scenario.fault_kinds import DURATION_KEYS, KINDS

_Value = TypeVar("_Value")
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
# The longest of the control API: a hundred years.
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=36_525 * DAY)]


class Split(TypedDict):
    """A split of a campaign."""

    share: _Share
    template: str
    send_at: Instant
    group: NotRequired[int]


_Splits = Annotated[list[Split], msgspec.Meta(min_length=1)]


class ChannelSplits(TypedDict):
    """The splits of a campaign on one of its channels."""

    channel: int
    splits: _Splits


class _Conditional(TypedDict):
    """The deadline of a campaign that needs clearance."""

    clearance_by: Instant


class ScheduledCampaign(TypedDict):
    """The body of scheduleCampaign: with `channels`, or with `channel` and `splits`."""

    campaign: int
    customers: int
    channel: NotRequired[int]
    splits: NotRequired[_Splits]
    channels: NotRequired[Annotated[list[ChannelSplits], msgspec.Meta(min_length=1)]]
    name: NotRequired[str]
    first_customer: NotRequired[int]
    announce_at: NotRequired[Instant]
    day: NotRequired[str]
    conditional: NotRequired[_Conditional]
    cancel_at: NotRequired[Instant]
    control_group: NotRequired[_Share]


class Criterion(TypedDict):
    """A criterion of a trigger."""

    event: str
    count: NotRequired[int]
    within_ms: NotRequired[_Milliseconds]
    where: NotRequired[dict[str, str | int | float | bool]]


class AddedTrigger(TypedDict):
    """The body of addTrigger."""

    trigger: str
    campaign: int
    channel: int
    template: str
    criteria: list[Criterion]
    exclude: NotRequired[list[str]]
    repeat: NotRequired[bool]


class AddedTemplate(TypedDict):
    """One item of the body of addTemplates."""

    title: str
    body: str


class _Individual(TypedDict):
    customer: int
    id: NotRequired[str]


class _Attribute(TypedDict):
    values: NotRequired[dict[str, _Share]]


class Audience(TypedDict, total=False):
    """The parts of the recipe of customers that a scenario file has in another form."""

    opted_out: _Share
    unusable_numbers: _Share
    outcomes: dict[str, _Share]
    spellings: dict[str, _Share]
    attributes: list[_Attribute]
    individuals: list[_Individual]


def campaign_of(action: Action) -> ScheduledCampaign:
    """Return the campaign of an action; `HistoryError` if it is none."""
    campaign = _body(action, ScheduledCampaign)
    if "channels" not in campaign and not ("channel" in campaign and "splits" in campaign):
        raise HistoryError(f"{_place(action)}: expected channels, or channel and splits, got neither")
    splits = [part["splits"] for part in campaign.get("channels", ())] or [campaign["splits"]]
    if not all(sum(split["share"] for split in part) for part in splits):
        raise HistoryError(f"{_place(action)}: expected shares of splits, got none that is more than 0")
    return campaign


def trigger_of(action: Action) -> AddedTrigger:
    """Return the trigger of an action; `HistoryError` if it is none."""
    return _body(action, AddedTrigger)


def templates_of(action: Action) -> list[AddedTemplate]:
    """Return the templates of an action; `HistoryError` if it has something else."""
    return _body(action, list[AddedTemplate])


def check_header(header: Mapping[str, Any]) -> None:
    """Raise `HistoryError` if the audience or a fault in the header of a history is not as a draft needs it."""
    _converted(header.get("audience", {}), Audience, "line 1: audience")
    for index, fault in enumerate(header.get("faults", ())):
        place = f"line 1: fault {index + 1}"
        if fault["fault"] not in KINDS:
            raise HistoryError(f"{place}: expected one of {', '.join(sorted(KINDS))}, got {fault['fault']!r}")
        for name in DURATION_KEYS & fault.keys():
            _converted(fault[name], _Milliseconds | None, f"{place}: {name}")


def _body(action: Action, kind: type[_Value]) -> _Value:
    body: _Value = _converted(action.body, kind, _place(action))
    return body


def _place(action: Action) -> str:
    return f"the line of {action.operation} with n {action.n}"


def _converted(value: object, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(value, kind, dec_hook=decode_instant)
    except msgspec.ValidationError as error:
        reason = f"expected what the control API takes, got something else: {error}"
        raise HistoryError(f"{place}: {reason}; record the run again") from error
