"""Messages that wait at the provider, and must be withdrawn there: after a cancellation, or after an opt-out.

A fault that delays the withdrawal leaves the bridge the same time again, also if the repeated call meets another one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.facts.fault_effects import injections
from sendproof_harness.judge.facts.observation import bridge_time, reacted_at
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider


def latest_withdrawal(history: History, service: str, known_at: int, ends_at: int, delay: int) -> int:
    """Return the end of the chain of delays that each begin in the time that the earlier ones left.

    `delay` is the time that the bridge has to act. At a provider that withdraws no messages, nothing can delay a
    withdrawal.
    """
    visible = bridge_time(history)
    for at, wait in _delays(history).get(service, ()):
        if at > ends_at:
            break
        over = visible.after(at, wait)
        if over >= known_at:
            ends_at = max(ends_at, reacted_at(history, over, delay))
    return ends_at


@cached_per_history
def _delays(history: History) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Return when the calls that withdraw messages had to wait, and how long, by provider and in order.

    A fault may have refused such a call, or any call with the key. A limit of the provider is one for the key, too.
    """
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for injection in injections(history):
        fault = injection.fault
        is_of_call = fault.target == "call" and not injection.is_kill
        withdraws = is_of_call and fault.name in provider(fault.service).withdrawing_operations
        if is_of_call and (withdraws or injection.affects_key):
            found[fault.service].append((injection.at, injection.until - injection.at))
    for request in history.requests:
        if request.status == STATUS_TOO_MANY_REQUESTS and request.fault is None:
            found[request.service].append((request.at, (request.retry_after or 0) * SECOND))
    return {service: sorted(found[service]) for service in found if provider(service).withdrawing_operations}
