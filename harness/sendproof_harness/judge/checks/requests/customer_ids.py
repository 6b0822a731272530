"""Check that a bridge gives templates and customer ids to a provider that knows the customers.

documented, in the brochure of the integration (docs/brochure-flow.md): Optimove stores no numbers; it names a group of
customer ids, a template and a time.
"""

from collections.abc import Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.facts.fault_effects import is_send
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import CUSTOMERS_NAMED_BY_ID

_ID = "delivery.customer_ids"


def check_customer_ids(history: History) -> CheckResult:
    """Find sends with numbers or texts of the bridge's own, to a provider that knows the customers."""
    sends = _sends(history)
    findings = [_finding(send) for send in sends if "template_id" not in (send.summary or {})]
    return CheckResult(looked_at=len(sends), unit="sends", findings=tuple(findings))


def _sends(history: History) -> Sequence[Request]:
    """Return the sends to providers that know the customers, as far as they had a message accepted."""
    providers = {channel.provider for channel in history.header.channels if channel.recipients == "customer_ids"}
    return [
        request
        for request in history.requests
        if request.service in providers and is_send(request) and (request.summary or {}).get("accepted")
    ]


def _finding(send: Request) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{request_name(send)}: the bridge's own text instead of a template for a group of customer ids",
        expected="group_id and template_id: the provider has the texts, the translations and the numbers",
        got=f"a send of {(send.summary or {})['accepted']} messages without template_id",
        where=Location(request=send.n),
        at=send.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Templates go to groups of customer ids",
        requirement=CUSTOMERS_NAMED_BY_ID,
        run=check_customer_ids,
        applies=lambda history: any(channel.recipients == "customer_ids" for channel in history.header.channels),
        scope="runs with a channel of customer ids",
    ),
)
