"""Check that each recipient got their own text, and find the most likely cause of a wrong one."""

from sendproof_harness.history.records import History
from sendproof_harness.judge.causes.texts import TextCause, text_causes
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, has_due_message, matched_recipients
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import RIGHT_TEXT

_ID = "delivery.text"


def check_right_text(history: History) -> CheckResult:
    """Compare the text of every matched delivery with the due text."""
    recipients = matched_recipients(history)
    wrong = [recipient for recipient in recipients if recipient.deliveries[0].text != recipient.obligation.text]
    causes = text_causes(history, ((recipient.obligation, recipient.deliveries[0].text) for recipient in wrong))
    findings = tuple(map(_wrong_text, wrong, causes))
    return CheckResult(looked_at=len(recipients), unit="texts", findings=findings)


def _wrong_text(recipient: RecipientResult, cause: TextCause) -> Finding:
    got = recipient.deliveries[0].text
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"wrong text: {cause.cause}",
        expected=recipient.obligation.text or "",
        got=f"{got}  ({cause.detail})" if cause.detail else got,
        where=recipient_location(recipient.obligation),
        at=recipient.deliveries[0].send_at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Each recipient gets their own text",
        requirement=RIGHT_TEXT,
        run=check_right_text,
        applies=has_due_message,
        scope="runs with a due message",
    ),
)
