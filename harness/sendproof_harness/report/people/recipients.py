"""The recipients with a wrong result, one row each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.facts.deliveries.ledger import (
    RESULT_KINDS,
    RecipientResult,
    ResultKind,
    count_recipients,
    ledger,
)

# More rows than readers need, and few enough for a browser; the history has them all.
ROWS_MAX = 1_000
#: The rows that a printed report has.
BRIEF_MAX = 20
# The send times of a row; more are only counted.
_TIMES_MAX = 3

_CORRECT: frozenset[ResultKind] = frozenset({"ok", "withheld"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recipient, or one message without a recipient (`customer` empty). Texts are only set if they differ.

    `is_brief`: the row is one of the few that a printed report has.
    """

    customer: str
    campaign: int | None
    channel: int | None
    name: ResultKind
    number: str
    went_to: str
    due: str
    sent: str
    expected: str
    got: str
    is_brief: bool

    @property
    def subject(self) -> str:
        """The customer, or else the number: the person whose story this row is about."""
        return self.customer or self.went_to


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
    lists = [by_kind[kind] for kind in RESULT_KINDS if by_kind[kind]]
    shares, brief_shares = _fair_shares(lists, ROWS_MAX), _fair_shares(lists, BRIEF_MAX)
    rows = (
        _row(entry, is_brief=index < brief)
        for entries, share, brief in zip(lists, shares, brief_shares, strict=True)
        for index, entry in enumerate(entries[:share])
    )
    wrong = (recipient for recipient in ledger(history).recipients if recipient.kind not in _CORRECT)
    total = count_recipients(history, wrong) + len(ledger(history).unmatched)
    return Recipients(rows=tuple(rows), total=total)


def _fair_shares(lists: Sequence[Sequence[object]], limit: int) -> Sequence[int]:
    """Return how many entries of each list are shown, `limit` in total: short lists leave their rest to long ones."""
    shares = [0] * len(lists)
    smallest_first = sorted(range(len(lists)), key=lambda index: len(lists[index]))
    for done, index in enumerate(smallest_first):
        shares[index] = min(len(lists[index]), (limit - sum(shares)) // (len(lists) - done))
    return shares


def _row(entry: RecipientResult | Delivery, *, is_brief: bool) -> Row:
    if isinstance(entry, RecipientResult):
        return _recipient_row(entry, is_brief=is_brief)
    return _unmatched_row(entry, is_brief=is_brief)


def _recipient_row(recipient: RecipientResult, *, is_brief: bool) -> Row:
    obligation, first = recipient.obligation, recipient.deliveries[0] if recipient.deliveries else None
    differs = first is not None and obligation.owed and first.text != obligation.text
    return Row(
        customer=obligation.customer,
        campaign=obligation.campaign,
        channel=obligation.channel,
        name=recipient.kind,
        number=obligation.number or "none",
        went_to=first.number if first is not None and first.number != obligation.number else "",
        due=spoken(obligation.due) if obligation.owed else "",
        sent=_sent_text(recipient),
        expected=obligation.text or "" if differs else "",
        got=first.text if first is not None and differs else "",
        is_brief=is_brief,
    )


def _sent_text(recipient: RecipientResult) -> str:
    if recipient.offset is None:
        return ""
    times = ", ".join(spoken(delivery.send_at) for delivery in recipient.deliveries[:_TIMES_MAX])
    further = len(recipient.deliveries) - _TIMES_MAX
    if recipient.kind in {"early", "late"}:
        return f"{times} ({span(recipient.offset)} {recipient.kind})"
    return f"{times} and {further} more" if further > 0 else times


def _unmatched_row(delivery: Delivery, *, is_brief: bool) -> Row:
    return Row(
        customer="",
        campaign=None,
        channel=None,
        name="unexpected",
        number="",
        went_to=delivery.number,
        due="",
        sent=spoken(delivery.send_at),
        expected="",
        got=delivery.text,
        is_brief=is_brief,
    )
