"""The recipients who did not get what they were owed, one row each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.facts.delivery_ledger import CLASSES, Class, RecipientResult, ledger

# More than anybody reads and less than a browser minds; the history has them all.
ROWS_MAX = 1_000

_IN_ORDER: frozenset[Class] = frozenset({"ok", "withheld"})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One person, or one message that belongs to nobody (`customer` empty). Texts only where they differ."""

    customer: str
    campaign: int | None
    name: Class
    number: str
    went_to: str
    due: str
    sent: str
    expected: str
    got: str


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """`rows` of `total`; every class has its share of the rows."""

    rows: tuple[Row, ...]
    total: int


def recipients(history: History) -> Recipients:
    """Everybody whose fate is out of order, up to `ROWS_MAX`, by class."""
    of_class: defaultdict[Class, list[RecipientResult | Delivery]] = defaultdict(list)
    for fate in ledger(history).fates:
        if fate.name not in _IN_ORDER:
            of_class[fate.name].append(fate)
    of_class["unexpected"] += ledger(history).strays
    chosen = _fair_shares([of_class[name] for name in CLASSES if of_class[name]])
    total = sum(len(some) for some in of_class.values())
    return Recipients(rows=tuple(_row(entry) for entry in chosen), total=total)


def _fair_shares(classes: list[list[RecipientResult | Delivery]]) -> Iterable[RecipientResult | Delivery]:
    left = ROWS_MAX
    shares: dict[int, int] = {}
    for waiting, index in enumerate(sorted(range(len(classes)), key=lambda index: len(classes[index]))):
        shares[index] = min(len(classes[index]), left // (len(classes) - waiting))
        left -= shares[index]
    return [entry for index, some in enumerate(classes) for entry in some[: shares[index]]]


def _row(entry: RecipientResult | Delivery) -> Row:
    return _of_fate(entry) if isinstance(entry, RecipientResult) else _of_stray(entry)


def _of_fate(fate: RecipientResult) -> Row:
    owed, first = fate.obligation, fate.deliveries[0] if fate.deliveries else None
    differs = first is not None and owed.owed and first.text != owed.text
    return Row(
        customer=owed.customer,
        campaign=owed.campaign,
        name=fate.name,
        number=owed.number or "none",
        went_to=first.number if first is not None and first.number != owed.number else "",
        due=spoken(owed.due) if owed.owed else "",
        sent=_sent(fate),
        expected=owed.text or "" if differs else "",
        got=first.text if first is not None and differs else "",
    )


def _sent(fate: RecipientResult) -> str:
    if fate.offset is None:
        return ""
    times = ", ".join(spoken(delivery.send_at) for delivery in fate.deliveries[:3])
    more = f" and {len(fate.deliveries) - 3} more" if len(fate.deliveries) > 3 else ""  # noqa: PLR2004 - as many as are shown
    if fate.name not in {"early", "late"}:
        return times + more
    return f"{times} ({span(fate.offset)} {fate.name})"


def _of_stray(stray: Delivery) -> Row:
    return Row(
        customer="",
        campaign=None,
        name="unexpected",
        number="",
        went_to=stray.number,
        due="",
        sent=spoken(stray.send_at),
        expected="",
        got=stray.text,
    )
