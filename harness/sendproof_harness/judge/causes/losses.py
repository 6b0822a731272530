"""The cause of each lost message: what became of it, as far as the history shows."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.causes.calls import calls_between, campaign_diagnosis, is_refused, refusal_text
from sendproof_harness.judge.causes.client_opt_outs import withheld_for_other_clients
from sendproof_harness.judge.causes.features import DueMessage, common_features
from sendproof_harness.judge.causes.misdirected import misdirected_delivery
from sendproof_harness.judge.causes.numbers import number_cause
from sendproof_harness.judge.causes.outdated import OLD_TEXT, outdated
from sendproof_harness.judge.causes.rejections import rejection_index
from sendproof_harness.judge.causes.texts import text_causes
from sendproof_harness.judge.causes.trigger_losses import trigger_diagnosis
from sendproof_harness.judge.facts.clients.campaigns import sent_for_others_text
from sendproof_harness.judge.facts.clients.opt_outs import opted_out_elsewhere
from sendproof_harness.judge.facts.consent import ended_opt_out
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, all_results, ledger
from sendproof_harness.judge.facts.deliveries.message_types import EMAIL, address_word, message_type
from sendproof_harness.judge.facts.deliveries.refusals import rejection_text
from sendproof_harness.judge.facts.deliveries.uncounted import uncounted
from sendproof_harness.judge.facts.fault_diagnosis import Diagnosis, loss_diagnosis
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import WITHOUT_ROW, pages, rows_never_read
from sendproof_harness.judge.facts.templates import due_template
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

_NEVER_SENT = "lost: the message was never sent to a provider"
# More properties would not help a reader to find the mistake.
_FEATURES_MAX = 2


@cached_per_history
def loss_causes(history: History) -> Callable[[Obligation], Diagnosis]:
    """Return a function that gives the most specific cause of a lost message."""
    return _LossCauses(history).diagnosis


class _LossCauses:
    """The hypotheses about lost messages, the most certain first."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._after_fault = loss_diagnosis(history)
        self._partial: dict[CampaignKey, Diagnosis] = {}
        self._sent = {campaign_key(found.obligation) for found in ledger(history).recipients if found.deliveries}

    def diagnosis(self, obligation: Obligation) -> Diagnosis:
        hypotheses = (
            self._rejected,
            self._after_fault,
            self._not_counted,
            self._elsewhere,
            self._unread_row,
            self._opted_in_again,
            self._opted_out_elsewhere,
            self._misdirected,
            self._outdated,
        )
        found = (hypothesis(obligation) for hypothesis in hypotheses)
        explained = next((diagnosis for diagnosis in found if diagnosis is not None), None)
        if explained is not None:
            return explained
        if obligation.trigger is not None:
            cause, got = trigger_diagnosis(self._history, obligation)
            is_whole = campaign_key(obligation) not in self._sent
            return cause + (sent_for_others_text(self._history, campaign_key(obligation)) if is_whole else ""), got
        if campaign_key(obligation) not in self._sent:
            return campaign_diagnosis(self._history)(obligation)
        return self._partly_lost(campaign_key(obligation))

    def _partly_lost(self, key: CampaignKey) -> Diagnosis:
        if key not in self._partial:
            self._partial[key] = _feature_diagnosis(self._history, key)
        return self._partial[key]

    def _is_unread(self, obligation: Obligation) -> bool:
        return obligation.customer in rows_never_read(self._history).get(campaign_key(obligation), ())

    def _rejected(self, obligation: Obligation) -> Diagnosis | None:
        rejection = None if self._is_unread(obligation) else rejection_index(self._history).find(obligation)
        return None if rejection is None else _rejection_diagnosis(self._history, obligation, rejection)

    def _not_counted(self, obligation: Obligation) -> Diagnosis | None:
        """Return the diagnosis for messages that were accepted but reached no phone: tests, and withdrawn ones."""
        cause = uncounted(self._history).get(id(obligation))
        return None if cause is None else (f"lost: {cause}", f"no delivery to a phone: {cause}")

    def _elsewhere(self, obligation: Obligation) -> Diagnosis | None:
        for other in self._history.other_clients:
            if obligation.number in other.misdirected:
                return (
                    "lost: sent through another client's account",
                    f"sent through the account of {other.client} instead",
                )
        return None

    def _misdirected(self, obligation: Obligation) -> Diagnosis | None:
        delivery = misdirected_delivery(self._history, obligation)
        if delivery is None:
            return None
        got = f"likely the message to {delivery.number}, sent {spoken(delivery.send_at)}, which is one too many there"
        return "lost: the message went to the number of another customer", got

    def _outdated(self, obligation: Obligation) -> Diagnosis | None:
        delivery = outdated(self._history).in_place.get(id(obligation))
        if delivery is None:
            return None
        return f"lost: {OLD_TEXT}", f"the earlier text once more, sent {spoken(delivery.send_at)}"

    def _unread_row(self, obligation: Obligation) -> Diagnosis | None:
        if not self._is_unread(obligation):
            return None
        return "lost: the page with this customer was never read", "no delivery; the row was never read"

    def _opted_in_again(self, obligation: Obligation) -> Diagnosis | None:
        ended = ended_opt_out(self._history, obligation)
        if ended is None:
            return None
        cause = "lost: the customer opted in again, and still gets no message"
        return cause, f"no delivery, after an opt-out {ended.source} that ended {spoken(ended.until or 0)}"

    def _opted_out_elsewhere(self, obligation: Obligation) -> Diagnosis | None:
        opt_out = withheld_for_other_clients(self._history).get(id(obligation))
        if opt_out is None:
            return None
        return "lost: withheld because of an opt-out at another client", f"no delivery, after {opt_out}"


# -- rejections -------------------------------------------------------------------------------------


def _rejection_diagnosis(history: History, obligation: Obligation, rejection: Rejection) -> Diagnosis:
    """Return why a provider rejected the message of this obligation, from its number and text."""
    record = provider(rejection.service)
    if rejection.reason == record.unknown_customer_rejection and rejection.customer is not None:
        return _unknown_customer(history, obligation, rejection)
    error = rejection_text(rejection)
    what = "the call" if rejection.whole_call else "the message"
    why = _wrong_part(history, obligation, rejection)
    to = rejection.number or rejection.customer or "a message without a number"
    return f"lost: {rejection.service} refused {what} ({error}){why}", f"{rejection.service} refused {to} ({error})"


def _wrong_part(history: History, obligation: Obligation, rejection: Rejection) -> str:
    if rejection.whole_call:
        return ""
    wrong_number = number_cause(rejection.number, obligation.number or "")
    if wrong_number is not None:
        return f": {wrong_number}"
    if rejection.number != obligation.number:
        return f": the {address_word(message_type(history, obligation.channel))} of another person"
    if rejection.text != obligation.text and not _is_unreadable_mail(history, obligation, rejection):
        return f": {_rejected_texts(history)[id(obligation)]}"
    return ""


def _is_unreadable_mail(history: History, obligation: Obligation, rejection: Rejection) -> bool:
    """Return True for a mail whose header or encoding was refused, so that nothing is known about its text."""
    return not rejection.text and message_type(history, obligation.channel) == EMAIL


@cached_per_history
def _rejected_texts(history: History) -> Mapping[int, str]:
    """Return the causes of rejected wrong texts, by `id` of the obligation."""
    index = rejection_index(history)
    lost = [recipient.obligation for recipient in ledger(history).recipients if recipient.kind == "lost"]
    pairs = [
        (obligation, rejection.text)
        for obligation in lost
        if (rejection := index.find(obligation)) is not None and rejection.text != obligation.text
    ]
    causes = text_causes(history, pairs)
    return {id(obligation): cause.cause for (obligation, _), cause in zip(pairs, causes, strict=True)}


def _unknown_customer(history: History, obligation: Obligation, rejection: Rejection) -> Diagnosis:
    """Return the diagnosis of a customer whom the provider did not know when it was to send."""
    operation = provider(rejection.service).import_operation
    calls = calls_between(history, 0, rejection.at)
    imports = [request for request in calls if request.service == rejection.service and request.operation == operation]
    refused = [request for request in imports if is_refused(request)]
    got = f"{rejection.service} knew no user {rejection.customer}"
    if rejection.customer != obligation.customer:
        return f"lost: {rejection.service} did not know the user: another id than the customer's", got
    if not imports:
        return f"lost: users were not imported at {rejection.service}", f"{got}; no call of {operation} came before"
    if len(refused) == len(imports):
        return f"lost: the import of users at {rejection.service} was refused", refusal_text(refused)
    got += f"; the last of {len(imports):,} imports was requested at {spoken(imports[-1].at)}"
    if "task" in (imports[-1].summary or {}):
        return f"lost: the import of users at {rejection.service} runs in the background, and had not finished", got
    return f"lost: the user was not among those imported at {rejection.service}", got


# -- partial losses ---------------------------------------------------------------------------------


def _feature_diagnosis(history: History, key: CampaignKey) -> Diagnosis:
    """Return what all messages of a campaign have in common that were read and never sent."""
    unread = rows_never_read(history).get(key, frozenset())
    lost = [
        message
        for message, recipient in _rows(history, key)
        if recipient.kind == "lost"
        and message.obligation.customer not in unread
        and rejection_index(history).find(message.obligation) is None
    ]
    others = (message for message, recipient in _rows(history, key) if recipient.deliveries)
    page = max((page.rows for page in pages(history).get(key, ())), default=0)
    features = common_features(lost, others, page) if lost else []
    if not features:
        return _NEVER_SENT, "no delivery"
    likely = " or of ".join(features[:_FEATURES_MAX])
    return f"{_NEVER_SENT}, likely because of {likely}", f"no delivery; all {len(lost):,} such messages have that"


def _rows(history: History, key: CampaignKey) -> Iterator[tuple[DueMessage, RecipientResult]]:
    """Yield the messages of a campaign with the result of each, in the order of its rows."""
    # Customers who share a number, or are in several campaigns, represent no others.
    numbers = Counter(
        recipient.obligation.number for recipient in ledger(history).recipients if _has_row(recipient.obligation, key)
    )
    elsewhere = _other_messages(history, key)
    listed = (found for found in all_results(history) if _has_row(found[0], key))
    for row, (obligation, recipient) in enumerate(listed):
        if obligation.owed:
            message = DueMessage(
                obligation=obligation,
                row=row,
                template=due_template(history, obligation),
                shares_number=numbers[obligation.number] > 1,
                is_in_other_campaign=obligation.customer in elsewhere,
                has_opted_out_id=opted_out_elsewhere(history, obligation, obligation.due, "customer") is not None,
            )
            yield message, recipient


def _has_row(obligation: Obligation, key: CampaignKey) -> bool:
    return campaign_key(obligation) == key and obligation.reason not in WITHOUT_ROW


def _other_messages(history: History, key: CampaignKey) -> frozenset[str]:
    """Return the customers who are due a message of another campaign too."""
    if len(history.campaigns) == 1 and not history.triggers:
        return frozenset()
    others = (obligation for obligation in history.obligations if campaign_key(obligation) != key)
    return frozenset(obligation.customer for obligation in others if obligation.owed)
