"""A property that all lost messages of a campaign have, and none of the others: the likely reason of the losses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import Obligation
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.deliveries.mail_addresses import has_long_domain, has_tag
from sendproof_harness.judge.facts.sms_alphabet import is_gsm
from sendproof_harness.judge.facts.templates import TemplateVersion

_ONE_SMS = 160
# Most country codes have two digits or more.
_COUNTRY_CODE = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class DueMessage:
    """One message of a campaign: its obligation, the position of its row, and the template.

    `has_opted_out_id`: a customer with this id opted out at another client.
    """

    obligation: Obligation
    row: int
    template: TemplateVersion | None
    shares_number: bool = False
    is_in_other_campaign: bool = False
    has_opted_out_id: bool = False


#: A property in words, and the function that finds it.
Feature = tuple[str, Callable[[DueMessage], bool]]


def common_features(lost: Sequence[DueMessage], others: Iterable[DueMessage], page: int) -> Sequence[str]:
    """Return the properties that all lost messages have and no other one, those that explain most first.

    `page` is the number of rows in the campaign's largest page.
    """
    remaining = [
        (name, applies) for name, applies in _features(lost, page) if all(applies(message) for message in lost)
    ]
    for message in others:
        if not remaining:
            break
        remaining = [(name, applies) for name, applies in remaining if not applies(message)]
    return [name for name, _ in remaining]


def _features(lost: Sequence[DueMessage], page: int) -> Iterator[Feature]:
    """Yield the properties, those that explain most first."""
    yield "the id of a customer who opted out at another client", lambda message: message.has_opted_out_id
    yield from _TEXT_FEATURES
    yield from _NUMBER_FEATURES
    first = lost[0]
    start_of_number = (first.obligation.number or "")[:_COUNTRY_CODE]
    yield f"a number that begins with +{start_of_number}", _number_starts_with(start_of_number)
    if first.template is not None:
        yield f"the template {first.template.title!r}", _has_template(first.obligation)
    yield (
        f"the send time {spoken(first.obligation.due)}",
        lambda message: message.obligation.due == first.obligation.due,
    )
    yield "another campaign to the same customer", lambda message: message.is_in_other_campaign
    rows = [message.row for message in lost]
    if page:
        yield "the first row of a page", lambda message: message.row % page == 0
        yield "the last row of a page", lambda message: message.row % page == page - 1
        yield from _page_features(rows[0] // page, page)
    if len(rows) > 1:
        start, end = min(rows), max(rows)
        yield f"a row from {start:,} to {end:,}", lambda message: start <= message.row <= end


def _page_features(number: int, page: int) -> Iterator[Feature]:
    yield f"page {number + 1}", lambda message: message.row // page == number
    yield "a page after the first", lambda message: message.row >= page


def _has_template(due: Obligation) -> Callable[[DueMessage], bool]:
    return lambda message: message.obligation.template == due.template


def _has_empty_value(message: DueMessage) -> bool:
    values = message.template.text.values(message.obligation.text or "") if message.template is not None else None
    return bool(values) and not all((values or {}).values())


def _text(message: DueMessage) -> str:
    return message.obligation.text or ""


def _number_starts_with(prefix: str) -> Callable[[DueMessage], bool]:
    return lambda message: bool(prefix) and (message.obligation.number or "").startswith(prefix)


def _starts_with(prefix: str) -> Callable[[DueMessage], bool]:
    return lambda message: (message.obligation.raw_number or "").startswith(prefix)


def _is_mail(message: DueMessage) -> bool:
    return "@" in (message.obligation.number or "")


_TEXT_FEATURES: tuple[Feature, ...] = (
    ("no value for a placeholder", _has_empty_value),
    ("a text beyond GSM-7", lambda message: not is_gsm(_text(message))),
    ("a text with a letter outside ASCII", lambda message: not _text(message).isascii()),
    (f"a text over {_ONE_SMS} characters", lambda message: len(_text(message)) > _ONE_SMS),
)
_NUMBER_FEATURES: tuple[Feature, ...] = (
    ("a number that another recipient has too", lambda message: message.shares_number),
    ("a number written with a leading 00", _starts_with("00")),
    (
        "a number written in the national form",
        lambda message: _starts_with("0")(message) and not _starts_with("00")(message),
    ),
    ("a number written without +", lambda message: message.obligation.raw_number is not None and not _is_mail(message)),
    (
        "an address with capitals or spaces in the client's records",
        lambda message: message.obligation.raw_number is not None and _is_mail(message),
    ),
    ("an address with +", lambda message: has_tag(message.obligation.number or "")),
    ("an address with a long top-level domain", lambda message: has_long_domain(message.obligation.number or "")),
)
