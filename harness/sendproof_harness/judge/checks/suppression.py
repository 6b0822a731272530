"""Check the suppression attribute of a provider: it is synced, and the customers that it excludes get no message."""

from collections.abc import Iterator

from sendproof_harness.history.records import AttributeSync, History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, count_recipients, ledger
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import SUPPRESSION_RESPECTED

_ID = "delivery.suppression"

#: The reason of a customer whom the suppression attribute excludes.
_SUPPRESSED = "suppressed"


def check_suppression(history: History) -> CheckResult:
    """Find messages to suppressed customers, and syncs of the attribute that failed.

    A run where every sync failed excluded no customer, so it did not test the rule.
    """
    suppressed = [recipient for recipient in ledger(history).recipients if recipient.obligation.reason == _SUPPRESSED]
    findings = [_sent(recipient) for recipient in suppressed if recipient.deliveries]
    findings += _failed_syncs(history)
    return CheckResult(
        looked_at=count_recipients(history, suppressed), unit="suppressed customers", findings=tuple(findings)
    )


def _sent(recipient: RecipientResult) -> Finding:
    delivery = recipient.deliveries[0]
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause="sent to a customer whom the provider's suppression attribute excludes",
        expected="no message to this customer, and no other value of the attribute at the provider",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


def _failed_syncs(history: History) -> Iterator[Finding]:
    failed = [sync for sync in history.attribute_syncs if sync.error is not None]
    all_failed = len(failed) == len(history.attribute_syncs)
    yield from (_failed(sync, all_failed=all_failed) for sync in failed)


def _failed(sync: AttributeSync, *, all_failed: bool) -> Finding:
    return Finding(
        check=_ID,
        level="unknown" if all_failed else "note",
        blame="config",
        cause="no sync of the suppression attribute succeeded, so it excluded no customer"
        if all_failed
        else "a sync of the suppression attribute failed",
        expected=f"{sync.attribute} registered in Optimove before the sync",
        got=sync.error or "",
        at=sync.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Suppressed customers get no message",
        requirement=SUPPRESSION_RESPECTED,
        run=check_suppression,
        applies=lambda history: bool(history.attribute_syncs),
        scope="runs with a suppression attribute at a provider",
    ),
)
