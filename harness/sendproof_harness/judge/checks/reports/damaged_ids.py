"""Reported ids that no customer has, but that one customer's id became: cut off, without zeros, or in capitals."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from sendproof_harness.history.population import population
from sendproof_harness.history.records import History, Interactions
from sendproof_harness.judge.facts.deliveries.recipient_states import possible_states
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.findings import cached_per_history

# Fields that cut off ids are longer. A short id is rather that of another customer.
_LEAST_CHARACTERS = 8

_LEADING_ZEROS = re.compile(r"^(\D*)0+(?=\d)")


def damaged_id(history: History, report: Interactions, reported: str) -> tuple[str, str] | None:
    """Return the cause and the expectation if this reported id is the damaged one of a customer of the campaign."""
    in_campaign = possible_states(history).get(campaign_key(report), {})
    for cause, customer in (
        ("the leading zeros of an id were lost", _without_zeros(history).get(reported)),
        ("the id of a customer was cut off", _continued(_every_id(history), reported)),
    ):
        if customer in in_campaign and not _exists(history, reported):
            return cause, f"{customer}, the whole id"
    spelling = reported.strip().lower().lstrip("0")
    similar = _customers_by_spelling(history).get((campaign_key(report), spelling)) if spelling else None
    if similar is None:
        return None
    return "the id of a customer is spelled in another way than Optimove's", f"{similar}, as Optimove spells it"


@cached_per_history
def _every_id(history: History) -> Sequence[str]:
    """Return the ids of all campaigns and triggers, sorted: one that others may have, too, blames no bridge."""
    return sorted({obligation.customer for obligation, _ in population(history)})


def _exists(history: History, id_: str) -> bool:
    ids = _every_id(history)
    place = bisect_left(ids, id_)
    return ids[place : place + 1] == [id_]


def _continued(ids: Sequence[str], beginning: str) -> str | None:
    """Return the only id with this beginning; None if there are several, or the beginning is short."""
    place = bisect_left(ids, beginning)
    found = [id_ for id_ in ids[place : place + 2] if id_.startswith(beginning)]
    return found[0] if len(found) == 1 and len(beginning) >= _LEAST_CHARACTERS else None


@cached_per_history
def _without_zeros(history: History) -> Mapping[str, str]:
    """Return the ids by what is left of them without leading zeros, in front or after letters, if it is unique."""
    shorter = [(_LEADING_ZEROS.sub(r"\1", id_), id_) for id_ in _every_id(history)]
    counts = Counter(short for short, _ in shorter)
    return {short: id_ for short, id_ in shorter if counts[short] == 1}


@cached_per_history
def _customers_by_spelling(history: History) -> Mapping[tuple[CampaignKey, str], str]:
    """Return the customers of each campaign by other spellings of their ids: in lower case, and as a number."""
    return {
        (key, spelling): customer
        for key, of_campaign in possible_states(history).items()
        for customer in of_campaign
        for spelling in (customer.lower(), _number(customer))
    }


def _number(id_: str) -> str:
    """Return the digits of an id, without its letters and leading zeros."""
    return "".join(filter(str.isdigit, id_)).lstrip("0")
