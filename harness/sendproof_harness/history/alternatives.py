"""The message that the bridge chose for a customer with a record that changed between announcement and due time.

The documents leave open when a bridge must read the record, so a message after the old record is right, and one after
the new.
"""

from collections.abc import Iterable, Sequence

import msgspec

from sendproof_harness.history.records import Delivery, Obligation


def with_chosen_alternatives(obligations: Sequence[Obligation], deliveries: Iterable[Delivery]) -> Sequence[Obligation]:
    """Return the obligations, each with alternatives replaced by the one that fits the deliveries best."""
    if not any(obligation.alternatives for obligation in obligations):
        return obligations
    sent = {(delivery.number, delivery.text) for delivery in deliveries}
    due = {(owed.number, owed.text) for obligation in obligations for owed in _owed(obligation)}
    numbers = {number for number, _ in sent - due}
    return [_chosen(obligation, sent, numbers) if obligation.alternatives else obligation for obligation in obligations]


def _chosen(obligation: Obligation, sent: set[tuple[str, str]], numbers: set[str]) -> Obligation:
    """Return the first that was sent, or else one with a number that got a wrong text, or else one that was withheld.

    The right message of another campaign to the number says nothing about this one.
    """
    candidates = [obligation, *_alternatives(obligation)]
    owed = _owed(obligation)
    preferred = (
        *(candidate for candidate in owed if (candidate.number, candidate.text) in sent),
        *(candidate for candidate in owed if candidate.number in numbers),
        *(candidate for candidate in candidates if not candidate.owed),
    )
    return next(iter(preferred), obligation)


def _owed(obligation: Obligation) -> Sequence[Obligation]:
    return [candidate for candidate in (obligation, *_alternatives(obligation)) if candidate.owed]


def _alternatives(obligation: Obligation) -> Iterable[Obligation]:
    for alternative in obligation.alternatives:
        yield msgspec.structs.replace(obligation, **msgspec.structs.asdict(alternative))
