"""Opt-outs at other clients of the bridge, which change nothing for this client.

Each client has its own accounts, so an opt-out is between a customer and one client. Two clients may have a customer
with one number, or with one id; the id may even be that of another person.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.findings import cached_per_history

#: What both clients have in common.
Shared = Literal["number", "customer"]
_WORDS: Mapping[Shared, str] = {"number": "number", "customer": "customer id"}

# One customer without a message may have the id of an opted-out customer by chance.
_LEAST_IDS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignOptOut:
    """An opt-out at another client, by the same number or by the same customer id."""

    client: str
    at: int
    shared: Shared

    def __str__(self) -> str:
        return f"an opt-out at {self.client} {spoken(self.at)}, of the same {_WORDS[self.shared]}"


def opted_out_elsewhere(history: History, obligation: Obligation, at: int, shared: Shared) -> ForeignOptOut | None:
    """Return the first opt-out at another client before an instant, of the same number or the same customer id."""
    value = obligation.number if shared == "number" else obligation.customer
    found = _first_opt_outs(history).get((shared, value))
    return found if found is not None and found.at <= at else None


def customer_opted_out_elsewhere(history: History, customer: str, at: int) -> ForeignOptOut | None:
    """Return the first opt-out at another client before an instant, of a number of this client's customer."""
    of_customer = _obligations_by_customer(history).get(customer, ()) if history.other_clients else ()
    found = (opted_out_elsewhere(history, obligation, at, "number") for obligation in of_customer)
    return next((opt_out for opt_out in found if opt_out is not None), None)


@cached_per_history
def _obligations_by_customer(history: History) -> Mapping[str, Sequence[Obligation]]:
    found: defaultdict[str, list[Obligation]] = defaultdict(list)
    for obligation in history.obligations:
        found[obligation.customer].append(obligation)
    return found


@cached_per_history
def _first_opt_outs(history: History) -> Mapping[tuple[Shared, str | None], ForeignOptOut]:
    found: dict[tuple[Shared, str | None], ForeignOptOut] = {}
    for opt_out in sorted(_opt_outs(history), key=lambda opt_out: opt_out[1].at):
        found.setdefault((opt_out[1].shared, opt_out[0]), opt_out[1])
    return found


def _opt_outs(history: History) -> Iterator[tuple[str, ForeignOptOut]]:
    for other in history.other_clients:
        for opt_out in other.opt_outs:
            if opt_out.number is not None:
                yield opt_out.number, ForeignOptOut(client=other.client, at=opt_out.at, shared="number")
            yield opt_out.customer, ForeignOptOut(client=other.client, at=opt_out.at, shared="customer")


def withheld_for(
    history: History, withheld: Sequence[Obligation], served: Iterable[Obligation], at: int | None = None
) -> Mapping[int, ForeignOptOut]:
    """Return the opt-outs elsewhere that explain why these customers were left out, by `id` of the obligation.

    They explain it if none of the customers who were served has such an opt-out, and some were served. `at` is the
    instant before which the opt-out came; None means when the message was due.
    """
    served = list(served) if withheld and history.other_clients else []
    for shared in _WORDS if served else ():
        found = {
            id(obligation): opt_out
            for obligation in withheld
            if (opt_out := opted_out_elsewhere(history, obligation, at or obligation.due, shared)) is not None
        }
        is_excluded = any(opted_out_elsewhere(history, other, at or other.due, shared) for other in served)
        is_chance = shared == "customer" and (len(found) < len(withheld) or len(found) < _LEAST_IDS)
        if found and not is_excluded and not is_chance:
            return found
    return {}
