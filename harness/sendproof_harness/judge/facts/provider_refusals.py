"""Which refusals of a provider are about the number: nothing that a bridge does gets a message there.

A refusal counts as one only if the bridge handed over exactly what was owed: a wrong spelling of a number is refused in
the same words.
"""

from collections.abc import Mapping

from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.judge.findings import cached_per_history

# By provider, the codes of such refusals, or their reasons where there are no codes.
# documented: https://api.txtlocal.com/docs/sendsms (32 and 51), https://docs.delivyr.net/docs/optimove (rejected).
_OF_THE_NUMBER: Mapping[str, frozenset[str]] = {
    "textlocal": frozenset({"32", "51"}),
    "xtremepush": frozenset({"Blocked", "Landline", "Unsubscribed", "Suppressed"}),
    "delivyr": frozenset({"blocked", "cannot_receive", "opted_out"}),
}


def is_refused(history: History, owed: Obligation) -> bool:
    """Whether the provider would have none of exactly this message, because of its number."""
    return (owed.number, owed.text) in _refused(history)


@cached_per_history
def _refused(history: History) -> frozenset[tuple[str, str]]:
    return frozenset((one.number, one.text) for one in history.rejections if _is_of_the_number(one))


def _is_of_the_number(one: Rejection) -> bool:
    said = one.reason if one.code is None else str(one.code)
    return said in _OF_THE_NUMBER.get(one.service, frozenset())
