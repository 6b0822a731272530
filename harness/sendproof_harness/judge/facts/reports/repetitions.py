"""What a total that is too high may have counted: each twice, or messages of another channel or campaign."""

from collections.abc import Iterator, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.keys import TemplateKey
from sendproof_harness.judge.facts.provider_totals import provider_totals

# Twice one or two may be anything.
_LEAST = 3
TWICE = ", as if each was counted twice"


def twice_hint(reported: int, between: tuple[int, int]) -> str:
    """Return words for a total of twice what it may be, from the least to the most; "" for another one."""
    low, high = between
    return TWICE if low >= _LEAST and 2 * low <= reported <= 2 * high else ""


def repetition_hint(
    history: History, metric: int, keys: Sequence[TemplateKey], reported: tuple[int, int], between: tuple[int, int]
) -> str:
    """Return words for what a total counted too much; "" if nothing explains it exactly.

    `reported` are the total and the instant of its report, `between` the least and the most that it may be. Only
    messages with the same template are easily taken for each other's.
    """
    total, at = reported
    twice = twice_hint(total, between)
    if twice or len(keys) > 1:
        return twice
    for other, words in _others(history, keys[0]):
        low, high = provider_totals(history).range(metric, {other: at})
        if high and between[0] + low <= total <= between[1] + high:
            return f", as if messages of {words} were counted as well"
    return ""


def _others(history: History, key: TemplateKey) -> Iterator[tuple[TemplateKey, str]]:
    campaign, _, template = key
    for other in provider_totals(history).own:
        if other != key and other[2] == template:
            yield other, f"channel {other[1]}" if other[0] == campaign else f"campaign {other[0]}"
