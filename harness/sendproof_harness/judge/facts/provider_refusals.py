"""Which refusals of a provider are about the number: nothing that a bridge does gets a message there.

A refusal counts as one only if the bridge handed over exactly what was owed: a wrong spelling of a number is refused in
the same words.
"""

from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider


def is_refused(history: History, owed: Obligation) -> bool:
    """Whether the provider would have none of exactly this message, because of its number."""
    return (owed.number, owed.text) in _refused(history)


@cached_per_history
def _refused(history: History) -> frozenset[tuple[str, str]]:
    return frozenset((one.number, one.text) for one in history.rejections if _is_of_the_number(one))


def _is_of_the_number(one: Rejection) -> bool:
    said = one.reason if one.code is None else str(one.code)
    return said in provider(one.service).permanent_rejections
