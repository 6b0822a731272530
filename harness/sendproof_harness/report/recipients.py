"""The recipients with a wrong result, one row each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, RecipientResult, ResultKind, ledger

# More rows than readers need, and few enough for a browser; the history has them all.
ROWS_MAX = 1_000
# The send times of a row; more are only counted.
_TIMES_MAX = 3

_CORRECT: frozenset[ResultKind] = frozenset({"ok", "withheld"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recipient, or one message without a recipient (`customer` empty). Texts are only set if they differ."""

    customer: str
    campaign: int | None
    name: ResultKind
    number: str
    went_to: str
    due: str
    sent: str
    expected: str
    got: str


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """`rows` out of `total`; every result has a fair share of the rows."""

    rows: tuple[Row, ...]
    total: int


def recipients(history: History) -> Recipients:
    """Return the recipients with a wrong result, up to `ROWS_MAX`, sorted by result."""
    by_kind: defaultdict[ResultKind, list[RecipientResult | Delivery]] = defaultdict(list)
    for recipient in ledger(history).recipients:
        if recipient.kind not in _CORRECT:
            by_kind[recipient.kind].append(recipient)
    by_kind["unexpected"] += ledger(history).unmatched
    chosen = _fair_shares([by_kind[kind] for kind in RESULT_KINDS if by_kind[kind]])
    total = sum(map(len, by_kind.values()))
    return Recipients(rows=tuple(_row(entry) for entry in chosen), total=total)


def _fair_shares(lists: list[list[RecipientResult | Delivery]]) -> Iterable[RecipientResult | Delivery]:
    remaining = ROWS_MAX
    shares: dict[int, int] = {}
    smallest_first = sorted(range(len(lists)), key=lambda index: len(lists[index]))
    for done, index in enumerate(smallest_first):
        shares[index] = min(len(lists[index]), remaining // (len(lists) - done))
        remaining -= shares[index]
    return [entry for index, entries in enumerate(lists) for entry in entries[: shares[index]]]


def _row(entry: RecipientResult | Delivery) -> Row:
    return _recipient_row(entry) if isinstance(entry, RecipientResult) else _unmatched_row(entry)


def _recipient_row(recipient: RecipientResult) -> Row:
    obligation, first = recipient.obligation, recipient.deliveries[0] if recipient.deliveries else None
    differs = first is not None and obligation.owed and first.text != obligation.text
    return Row(
        customer=obligation.customer,
        campaign=obligation.campaign,
        name=recipient.kind,
        number=obligation.number or "none",
        went_to=first.number if first is not None and first.number != obligation.number else "",
        due=spoken(obligation.due) if obligation.owed else "",
        sent=_sent_text(recipient),
        expected=obligation.text or "" if differs else "",
        got=first.text if first is not None and differs else "",
    )


def _sent_text(recipient: RecipientResult) -> str:
    if recipient.offset is None:
        return ""
    times = ", ".join(spoken(delivery.send_at) for delivery in recipient.deliveries[:_TIMES_MAX])
    further = len(recipient.deliveries) - _TIMES_MAX
    if recipient.kind in {"early", "late"}:
        return f"{times} ({span(recipient.offset)} {recipient.kind})"
    return f"{times} and {further} more" if further > 0 else times


def _unmatched_row(delivery: Delivery) -> Row:
    return Row(
        customer="",
        campaign=None,
        name="unexpected",
        number="",
        went_to=delivery.number,
        due="",
        sent=spoken(delivery.send_at),
        expected="",
        got=delivery.text,
    )
