"""One customer's story: all that a run's history says of them, in the order of virtual time.

Pure, as the judge is: a history and its verdict in, values out; nothing is looked up elsewhere. Who reads it needs no
other file to see what was owed, what was done about it, and why the verdict is what it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from sendproof_harness.explain.timeline import (
    RECEIPT,
    Moment,
    of_bridge,
    of_customer,
    of_faults,
    of_nobody,
    of_platform,
    of_provider,
)
from sendproof_harness.history.records import Delivery, History
from sendproof_harness.judge.facts.delivery_ledger import MEANING, Class, RecipientResult, ledger
from sendproof_harness.judge.findings import LEVELS, Finding
from sendproof_harness.judge.verdict import Verdict

# Enough to see what ids look like and to find a slip of the finger.
_NEAREST = 3
# Numbers of one country share their last ten digits whatever stands before: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10


class UnknownCustomerError(LookupError):
    """The history says nothing of such a customer; the message names the nearest that it knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whose story it is. A number that belongs to no customer has a story, too, when something was sent to it."""

    customer: str | None
    numbers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """What became of the customer in one campaign: the class of the ledger, and what it means."""

    campaign: int
    channel: int
    name: Class
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """All of it. `about` are findings about this customer, `around` about a campaign they were part of."""

    person: Person
    chapters: tuple[Chapter, ...]
    moments: tuple[Moment, ...]
    about: tuple[Finding, ...]
    around: tuple[Finding, ...]


def find(history: History, wanted: str) -> Person:
    """The person with this id or number, in any usual spelling; `UnknownCustomerError` when there is none."""
    for owed in history.obligations:
        if owed.customer == wanted:
            return _person(history, owed.customer)
    tail = _tail(wanted)
    for owed in history.obligations if tail else ():
        if owed.number is not None and _tail(owed.number) == tail:
            return _person(history, owed.customer)
    sent = (*(one.number for one in history.deliveries), *(one.number for one in history.rejections))
    for number in sent if tail else ():
        if _tail(number) == tail:
            return Person(customer=None, numbers=(number,))
    raise UnknownCustomerError(_unknown(history, wanted))


def story(history: History, verdict: Verdict, person: Person) -> Story:
    """What happened to them, and what is said of it."""
    book = ledger(history)
    fates = [fate for fate in book.fates if person.customer is not None and fate.obligation.customer == person.customer]
    strays = [delivery for delivery in book.strays if delivery.number in person.numbers]
    deliveries = [*(delivery for fate in fates for delivery in fate.deliveries), *strays]
    numbers = tuple(dict.fromkeys([*person.numbers, *(delivery.number for delivery in deliveries)]))
    lived = [
        *of_platform(history, fates, person.customer),
        *of_bridge(history, fates, deliveries, person.customer),
        *of_provider(history, fates, deliveries, numbers),
        *of_customer(history, deliveries, numbers, person.customer),
        *of_faults(history, fates, deliveries),
        *of_nobody(history, fates),
    ]
    about, around = _findings(verdict, fates, deliveries, numbers, person.customer)
    return Story(
        person=Person(customer=person.customer, numbers=numbers),
        chapters=tuple(map(_chapter, fates)),
        moments=tuple(sorted(lived, key=lambda moment: (moment.at, moment.line or 0))),
        about=about,
        around=around,
    )


# -- who it is --------------------------------------------------------------------------------------


def _person(history: History, customer: str) -> Person:
    numbers = (owed.number for owed in history.obligations if owed.customer == customer)
    return Person(customer=customer, numbers=tuple(dict.fromkeys(number for number in numbers if number)))


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _tail(number: str) -> str:
    """What spellings of one number share; nothing when it is too short to be one, or no number at all."""
    tail = _digits(number)[-_SIGNIFICANT_DIGITS:]
    plain = all(character.isdecimal() or character in " +-()." for character in number)
    return tail if plain and len(tail) == _SIGNIFICANT_DIGITS else ""


def _unknown(history: History, wanted: str) -> str:
    ids = dict.fromkeys(owed.customer for owed in history.obligations)
    if not ids:
        return f"no customer {wanted!r}: the history knows of no customer at all, as no campaign was announced"
    place = int(_digits(wanted)[:18] or 0)
    nearest = nsmallest(_NEAREST, ids, key=lambda name: abs(int(_digits(name)[:18] or 0) - place))
    return (
        f"no customer {wanted!r} in {len(ids):,} customers; the nearest are {', '.join(nearest)}"
        " (expected an id, or a phone number of at least ten digits)"
    )


# -- what is said of it -----------------------------------------------------------------------------


def _chapter(fate: RecipientResult) -> Chapter:
    owed = fate.obligation
    return Chapter(campaign=owed.campaign, channel=owed.channel, name=fate.name, meaning=MEANING[fate.name])


def _findings(
    verdict: Verdict,
    fates: Sequence[RecipientResult],
    deliveries: Sequence[Delivery],
    numbers: Sequence[str],
    customer: str | None,
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    messages = {delivery.message for delivery in deliveries}
    receipts = {f"{RECEIPT}:{message}" for message in messages}
    campaigns = {fate.obligation.campaign for fate in fates}
    about: list[Finding] = []
    around: dict[tuple[str, str], Finding] = {}
    for finding in (finding for result in verdict.results for finding in result.findings):
        where = finding.where
        if (where.customer is not None and where.customer == customer) or (
            where.customer is None
            and (where.number in numbers or where.message in messages or where.webhook in receipts)
        ):
            about.append(finding)
        elif where.campaign in campaigns and where.customer is where.number is where.message is None:
            around.setdefault((finding.check, finding.cause), finding)
    return _gravest_first(about), _gravest_first(around.values())


def _gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))
