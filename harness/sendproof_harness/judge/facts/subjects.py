"""The subjects of a scenario in the history of its run: what must have been there for a pass to prove anything.

Each subject is looked for in the expectations, and in what customers and clients did: never in the acts of the bridge.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from sendproof_harness.history.parts import SMS, Subject
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.history.timestamps import span
from sendproof_harness.judge.facts.clients.opt_outs import opted_out_elsewhere
from sendproof_harness.judge.facts.consent import OPTED_OUT_VALUE, customers_of_opt_outs
from sendproof_harness.judge.facts.deliveries.mail_addresses import has_long_domain, has_tag
from sendproof_harness.judge.facts.deliveries.message_types import (
    EMAIL,
    PUSH,
    WEB_PUSH,
    message_type,
    type_of_change,
)
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import NOT_CLEARED, WITHOUT_ROW
from sendproof_harness.judge.facts.sms_alphabet import is_gsm

#: The customers of one page; documented: openapi/optimove.yaml.
_PAGE_SIZE = 10_000

# The spellings of a number in a client's records, as the scenario file names them.
_SPELLINGS: Mapping[str, re.Pattern[str]] = {
    "double_zero": re.compile(r"00.*"),
    "spaces": re.compile(r" ?\+[0-9]+ [0-9 ]+"),
    "punctuation": re.compile(r"\+.*[()-].*"),
    "national": re.compile(r"0[1-9][0-9]{9}|[2-9][0-9]{9}"),
    "digits": re.compile(r"[1-9][0-9]{10,14}"),
}

Value = str | int | bool
_Test = Callable[[History, Value], bool]


def is_present(history: History, subject: Subject) -> bool:
    """Return True if the run contained this subject."""
    return _TESTS[subject.kind](history, subject.value)


def subject_text(subject: Subject) -> str:
    """Return a subject in words, such as `a customer on page 2 of a campaign who is due a message`."""
    value = subject.value
    if subject.kind == "due":
        value = f"campaign {value}" if isinstance(value, int) else f"the trigger {value}"
    if subject.kind == "due_again_within":
        value = span(int(value))
    return _TEXTS[subject.kind].format(value=value)


def _due(history: History) -> Iterator[Obligation]:
    return (obligation for obligation in history.obligations if obligation.owed or _waits_for_clearance(obligation))


def _waits_for_clearance(obligation: Obligation) -> bool:
    """Return True if nothing but the clearance, an act of the bridge, withholds the message."""
    is_reachable = obligation.number is not None and obligation.opted_out_by is None
    return obligation.reason == NOT_CLEARED and is_reachable


def _due_push(history: History, type_: str = PUSH) -> Iterator[Obligation]:
    return (obligation for obligation in _due(history) if message_type(history, obligation.channel) == type_)


def _customers_without_sms(history: History) -> set[str]:
    """Return the customers who are due a message of another type."""
    return {obligation.customer for obligation in _due(history) if message_type(history, obligation.channel) != SMS}


def _due_emails(history: History) -> Iterator[Obligation]:
    return (obligation for obligation in _due(history) if message_type(history, obligation.channel) == EMAIL)


def _has_untidy_address(history: History, value: Value) -> bool:
    del value
    return any(obligation.raw_number is not None for obligation in _due_emails(history))


def _has_unusual_address(history: History, value: Value) -> bool:
    del value
    addresses = [obligation.number or "" for obligation in _due_emails(history)]
    return any(map(has_tag, addresses)) and any(map(has_long_domain, addresses))


def _customers_without_number(history: History) -> set[str]:
    """Return the customers to whom another message of the run cannot go for that reason."""
    return {obligation.customer for obligation in history.obligations if obligation.reason == "unusable_number"}


def _is_due(history: History, value: Value) -> bool:
    return any(value in {obligation.trigger, obligation.campaign} for obligation in _due(history))


def _is_due_in_every_split(history: History, value: Value) -> bool:
    splits = {
        (campaign_key(campaign), str(split.template), split.send_at)
        for campaign in history.campaigns
        for split in campaign.splits
        if campaign.campaign == value and split.share
    }
    due = {(campaign_key(obligation), str(obligation.template), obligation.due) for obligation in _due(history)}
    return bool(splits) and splits <= due


def _is_due_on_page(history: History, value: Value) -> bool:
    rows: defaultdict[CampaignKey, int] = defaultdict(int)
    for obligation in history.obligations:
        if obligation.trigger is not None or obligation.reason in WITHOUT_ROW:
            continue
        rows[campaign_key(obligation)] += 1
        if obligation.owed and -(-rows[campaign_key(obligation)] // _PAGE_SIZE) == value:
            return True
    return False


def _is_due_again(history: History, value: Value) -> bool:
    due_times: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for obligation in _due(history):
        if obligation.trigger is not None:
            due_times[obligation.trigger, obligation.customer].append(obligation.due)
    return any(
        second - first <= int(value) for times in due_times.values() for first, second in pairwise(sorted(times))
    )


def _is_withheld(history: History, value: Value) -> bool:
    return any(_withheld_reason(obligation) == value for obligation in history.obligations)


def _withheld_reason(obligation: Obligation) -> str | None:
    # The bridge of a campaign on hold clears customers for the same reasons.
    if obligation.reason == "not_cleared" and obligation.number is None:
        return "unusable_number"
    if obligation.opted_out_by is None and obligation.reason != "opted_out":
        return obligation.reason
    return "provider_list" if obligation.opted_out_by == "provider" else "no_consent"


def _opted_out_between(history: History, value: Value) -> bool:
    changes: dict[str, int] = {}
    for customer, at in _OPT_OUT_TIMES[str(value)](history):
        changes.setdefault(customer, at)
    before = {
        obligation.customer for obligation in _due(history) if obligation.due <= changes.get(obligation.customer, -1)
    }
    return any(
        obligation.customer in before and obligation.due > changes[obligation.customer]
        for obligation in history.obligations
    )


def _provider_opt_outs(history: History) -> Iterator[tuple[str, int]]:
    customers = customers_of_opt_outs(history)
    for opt_out in history.opt_outs:
        yield from ((customer, opt_out.at) for customer in customers.get(opt_out.number, ()))


def _consent_changes(history: History, *, opted_out: bool) -> Iterator[tuple[str, int]]:
    for update in history.attributes:
        for change in update.changes if update.source == "batch_file" else ():
            if type_of_change(history, change) is not None and (change.value == OPTED_OUT_VALUE) == opted_out:
                yield change.customer, update.at


def _preference_changes(history: History, *, opted_out: bool) -> Iterator[tuple[str, int]]:
    for preference in history.preferences:
        if preference.source == "batch_file" and preference.opted_out == opted_out:
            yield from ((customer, preference.at) for customer in preference.customers)


_OPT_OUT_TIMES: Mapping[str, Callable[[History], Iterator[tuple[str, int]]]] = {
    "provider": _provider_opt_outs,
    "attribute": lambda history: _consent_changes(history, opted_out=True),
    "preference": lambda history: _preference_changes(history, opted_out=True),
}


def _opted_in_again(history: History, value: Value) -> bool:
    changes = _consent_changes if value == "attribute" else _preference_changes
    opted_in, opted_out = dict(changes(history, opted_out=False)), dict(changes(history, opted_out=True))
    again = {customer: at for customer, at in opted_in.items() if opted_out.get(customer, at) < at}
    return any(obligation.due > again.get(obligation.customer, obligation.due) for obligation in _due(history))


def _has_spelling(history: History, value: Value) -> bool:
    if value == "plus":
        return any(obligation.raw_number is None for obligation in _due(history))
    return any(_spelling(obligation.raw_number or "") == value for obligation in _due(history))


def _spelling(raw_number: str) -> str | None:
    return next((name for name, pattern in _SPELLINGS.items() if pattern.fullmatch(raw_number.rstrip())), None)


def _has_shared_number(history: History, value: Value) -> bool:
    del value
    customers: dict[tuple[CampaignKey, str | None], str] = {}
    return any(
        customers.setdefault((campaign_key(obligation), obligation.number), obligation.customer) != obligation.customer
        for obligation in _due(history)
    )


def _has_changed_number(history: History, value: Value) -> bool:
    del value
    numbers: dict[str, str | None] = {}
    return any(
        numbers.setdefault(obligation.customer, obligation.number) != obligation.number for obligation in _due(history)
    )


def _is_opted_out_elsewhere(history: History, value: Value) -> bool:
    del value
    return any(opted_out_elsewhere(history, obligation, obligation.due, "number") for obligation in _due(history))


_TESTS: Mapping[str, _Test] = {
    "due": _is_due,
    "due_in_every_split": _is_due_in_every_split,
    "due_on_page": _is_due_on_page,
    "due_again_within": _is_due_again,
    "withheld": _is_withheld,
    "opted_out_between": _opted_out_between,
    "opted_in_again": _opted_in_again,
    "outcome": lambda history, value: any(obligation.outcome == value for obligation in _due(history)),
    "text_longer_than": lambda history, value: any(len(o.text or "") > int(value) for o in _due(history)),
    "text_beyond_gsm": lambda history, _: any(not is_gsm(o.text or "") for o in _due(history)),
    "text_contains": lambda history, value: any(str(value) in (o.text or "") for o in _due(history)),
    "message": lambda history, value: any(message_type(history, o.channel) == value for o in _due(history)),
    "devices": lambda history, value: any((o.devices or "one") == value for o in _due_push(history)),
    "browsers": lambda history, value: any((o.browsers or "one") == value for o in _due_push(history, WEB_PUSH)),
    "without_number": lambda history, _: (
        not _customers_without_number(history).isdisjoint(_customers_without_sms(history))
    ),
    "untidy_address": _has_untidy_address,
    "unusual_address": _has_unusual_address,
    "spelling": _has_spelling,
    "shared_number": _has_shared_number,
    "changed_number": _has_changed_number,
    "opted_out_elsewhere": _is_opted_out_elsewhere,
}
_TEXTS: Mapping[str, str] = {
    "due": "a customer who is due a message of {value}",
    "due_in_every_split": "a customer in each split of campaign {value} who is due a message",
    "due_on_page": "a customer on page {value} of a campaign who is due a message",
    "due_again_within": "a customer who is due two messages of one trigger within {value}",
    "withheld": "a customer who gets no message for the reason {value} alone",
    "opted_out_between": "a customer who opts out by {value} after one message and before another",
    "opted_in_again": "a customer who opts in again by {value} and is due a message afterwards",
    "outcome": "a due message to a test number with the outcome '{value}'",
    "text_longer_than": "a due text of more than {value} characters",
    "text_beyond_gsm": "a due text with a character outside the 7-bit alphabet of SMS",
    "text_contains": "a due text that contains {value!r}",
    "message": "a customer who is due a message of the type {value}",
    "devices": "a due push notification to a customer with the devices: {value}",
    "browsers": "a due web push notification to a customer with the browsers: {value}",
    "without_number": "a customer without a usable phone number who is due a message of another type",
    "untidy_address": "a due e-mail to an address with capitals and spaces in the client's records",
    "unusual_address": "due e-mails to an address with a tag, and to one with a long top-level domain",
    "spelling": "a due message to a number with the spelling {value}",
    "shared_number": "two customers with one number who are due messages of one campaign",
    "changed_number": "a customer who is due messages at two numbers, one after the other",
    "opted_out_elsewhere": "a customer who is due a message at a number that opted out at another client before",
}
