"""Check the fields of a send that are no text: the sender, the declared alphabet, and the Message-ID of an e-mail.

Only the providers with such fields put them into the journal. A send without a sender has the default sender of the
account, or that of the provider's campaign.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Delivery, History, Obligation, Request
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ResultKind, ledger
from sendproof_harness.judge.facts.fault_effects import is_send
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.facts.sms_alphabet import is_gsm
from sendproof_harness.judge.facts.wishes import NO_SENDER, wanted_sender
from sendproof_harness.judge.findings import (
    Check,
    CheckResult,
    Finding,
    Location,
    cached_per_history,
    recipient_location,
)
from sendproof_harness.judge.requirements import SEND_FIELDS_RIGHT
from sendproof_harness.providers import provider

_ID = "delivery.send_fields"
# Characters of a text in a finding.
_SHOWN = 60


def check_send_fields(history: History) -> CheckResult:
    """Find sends with another sender than the client's, undeclared texts beyond GSM, and repeated Message-IDs."""
    sends, mails = _sends(history), _mails(history)
    sender = wanted_sender(history)
    findings = [finding for send in sends for finding in _findings(history, send, sender)]
    findings += _shared_message_ids(history, mails)
    looked_at = len(sends) + history.alike.count_messages(mail.message for mail in mails)
    return CheckResult(looked_at=looked_at, unit="sends", findings=tuple(findings))


def _mails(history: History) -> Sequence[Delivery]:
    """Return the e-mails with a Message-ID. A relay adds one to the others."""
    return [delivery for delivery in history.deliveries if delivery.message_id]


def _shared_message_ids(history: History, mails: Sequence[Delivery]) -> Iterator[Finding]:
    """Yield each Message-ID of several e-mails: with different texts, or due to one person at different times.

    An e-mail that is sent again, or to several recipients, keeps its Message-ID.
    """
    by_id: defaultdict[str, list[Delivery]] = defaultdict(list)
    for mail in mails:
        by_id[mail.message_id].append(mail)
    repeated = _ids_of_several_due_mails(history) if mails else {}
    for id_, same in by_id.items():
        other = next((mail for mail in same if mail.text != same[0].text), repeated.get(id_))
        if other is not None:
            to = f"those to {same[0].number} and {other.number}" if id_ not in repeated else f"two to {other.number}"
            yield Finding(
                check=_ID,
                level="fail",
                blame="bridge",
                cause="different e-mails have the same Message-ID",
                expected="a Message-ID of its own for each e-mail: mail servers drop the second one as a repetition",
                got=f"{id_!r} in {len(same):,} e-mails, such as {to}",
                where=Location(number=other.number, message=other.message, request=other.request),
                at=other.at,
            )


def _ids_of_several_due_mails(history: History) -> Mapping[str, Delivery]:
    """Return each Message-ID of several e-mails that one person was due with one text, with the last of them.

    They have fewer Message-IDs than there are e-mails. So a repeated e-mail that counts for another one is no mistake.
    """
    sent: defaultdict[tuple[str, str], list[RecipientResult]] = defaultdict(list)
    for recipient in ledger(history).recipients:
        if recipient.obligation.owed and recipient.kind in _SENT_WHEN_DUE and recipient.deliveries[0].message_id:
            sent[recipient.deliveries[0].number, recipient.deliveries[0].text].append(recipient)
    found: dict[str, Delivery] = {}
    for recipients in sent.values():
        mails = [delivery for recipient in recipients for delivery in recipient.deliveries]
        ids = {mail.message_id or mail.message for mail in mails}
        if len(ids) < _count_mails(recipient.obligation for recipient in recipients):
            id_ = Counter(mail.message_id for mail in mails).most_common(1)[0][0]
            found[id_] = max((mail for mail in mails if mail.message_id == id_), key=lambda mail: mail.n)
    return found


# A message before its due time may be a repetition of an earlier one.
_SENT_WHEN_DUE: frozenset[ResultKind] = frozenset({"ok", "late", "duplicated", "wrong text"})


def _count_mails(obligations: Iterable[Obligation]) -> int:
    """Return how many e-mails these are at least: one of a campaign may go to several customers with one address."""
    of_customer = Counter((campaign_key(due), due.due, due.customer) for due in obligations)
    most: defaultdict[tuple[CampaignKey, int], int] = defaultdict(int)
    for (campaign, at, _), count in of_customer.items():
        most[campaign, at] = max(most[campaign, at], count)
    return sum(most.values())


def _sends(history: History) -> Sequence[Request]:
    """Return the sends that name their sender, and had at least one message or target accepted."""
    return [
        request
        for request in history.requests
        if request.summary and "sender" in request.summary and _is_accepted(request.summary) and is_send(request)
    ]


def _is_accepted(summary: Mapping[str, object]) -> bool:
    return bool(summary.get("accepted") or summary.get("targets"))


def _expected_senders(send: Request, wanted: str | None) -> Mapping[str, str]:
    """Return the senders that the send may have, each with its origin in words; empty if the history has none.

    A provider with templates that name the sender may keep that, because the documents leave open how the client's
    reaches it.
    """
    default, record = (send.summary or {}).get("default_sender"), provider(send.service)
    if wanted is None:
        return {}
    senders = {} if wanted == NO_SENDER else {wanted: "as in the handover"}
    if default is not None and (wanted == NO_SENDER or not record.bridge_has_sender):
        origin = "the default sender of the account" if record.bridge_has_sender else "as in the provider's template"
        senders.setdefault(default, origin)
    return senders


def _findings(history: History, send: Request, wanted: str | None) -> Iterator[Finding]:
    summary, carried = send.summary or {}, _deliveries_by_request(history).get(send.n, [])
    senders = _expected_senders(send, wanted)
    if senders and summary["sender"] not in senders:
        is_left_out = wanted != NO_SENDER and summary["sender"] == summary.get("default_sender")
        hint = ": the account's default, because the client's is not used" if is_left_out else ""
        expected = "sender " + " or ".join(f"{name!r}, {origin}" for name, origin in senders.items())
        cause, got = f"another sender than the client's{hint}", f"sender {summary['sender']!r}{_example(carried)}"
        yield _finding(send, cause, expected, got, _location(history, send, carried))
    if undeclared := summary.get("undeclared_unicode"):
        cause = "texts beyond the GSM alphabet are not declared as Unicode"
        expected = "unicode true; without it, the provider may replace characters"
        affected = [delivery for delivery in carried if not is_gsm(delivery.text)]
        got = f"{undeclared} such texts in a call without unicode{_example(affected)}"
        yield _finding(send, cause, expected, got, _location(history, send, affected))


@cached_per_history
def _deliveries_by_request(history: History) -> Mapping[int | None, Sequence[Delivery]]:
    carried: defaultdict[int | None, list[Delivery]] = defaultdict(list)
    for delivery in history.deliveries:
        carried[delivery.request].append(delivery)
    return carried


@cached_per_history
def _recipients(history: History) -> Mapping[tuple[str, str], Location]:
    """Return the recipient of each message, by provider and message."""
    return {
        (delivery.service, delivery.message): recipient_location(recipient.obligation)
        for recipient in ledger(history).recipients
        for delivery in recipient.deliveries
    }


def _example(deliveries: Sequence[Delivery]) -> str:
    return f", such as {deliveries[0].text[:_SHOWN]!r} to {deliveries[0].number}" if deliveries else ""


def _location(history: History, send: Request, deliveries: Sequence[Delivery]) -> Location:
    """Return the call, with the recipient of the first of these messages."""
    found = (_recipients(history).get((delivery.service, delivery.message)) for delivery in deliveries)
    recipient = next((location for location in found if location is not None), Location())
    return replace(recipient, request=send.n)


def _finding(send: Request, cause: str, expected: str, got: str, where: Location) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"{request_name(send)}: {cause}",
        expected=expected,
        got=got,
        where=where,
        at=send.at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="Sends have the right sender, alphabet and Message-ID",
        requirement=SEND_FIELDS_RIGHT,
        run=check_send_fields,
        applies=lambda history: bool(_sends(history) or _mails(history)),
        scope="runs with a send that names its sender, or an e-mail with a Message-ID",
    ),
)
