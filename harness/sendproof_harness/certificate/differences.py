"""The differences between the delivery ledger of the judge and the recount of the same history."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.judge.facts.deliveries.ledger import Ledger, RecipientResult, ledger
from sendproof_harness.providers import discover
from sendproof_harness.recount.count import Counted, ProviderFacts, Recount, recount

#: How the ledger of the judge comes out of a history. Tests pass one with a mistake.
LedgerOf = Callable[[History], Ledger]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One statement on which the two ledgers differ, in words."""

    where: str
    judge: str
    recount: str

    def __str__(self) -> str:
        return f"{self.where}: the judge says {self.judge}, the recount says {self.recount}"


def recount_file(file: Path) -> Recount:
    """Count a history file; `ValueError` if it is not one, `OSError` if it cannot be read."""
    with file.open("rb") as lines:
        return recount(lines, provider_facts())


def provider_facts() -> Mapping[str, ProviderFacts]:
    """Return what the recount must know about each provider. The facts are shared with the judge, the code is not."""
    return {
        name: ProviderFacts(
            send_operations=record.send_operations,
            opt_out_events=record.opt_out_events,
            permanent_rejections=record.permanent_rejections | record.text_rejections,
            temporary_refusals=record.temporary_refusals,
            retry_interval=record.retry_interval,
            withdrawing_operations=record.withdrawing_operations,
            opt_out_lists=record.opt_out_lists,
            has_record=record.has_record,
            record_operation=record.record_operation,
        )
        for name, record in discover().items()
    }


def differences(history: History, counted: Recount, ledger_of: LedgerOf = ledger) -> Sequence[Difference]:
    """Return where the two ledgers differ, recipient by recipient.

    Recipients with one number may exchange their deliveries, so their results are compared together.
    """
    judged = ledger_of(history)
    if len(judged.recipients) != len(counted.recipients):
        number_of = f"{len(judged.recipients):,} recipients", f"{len(counted.recipients):,} recipients"
        return [Difference(where="the whole history", judge=number_of[0], recount=number_of[1])]
    by_number: defaultdict[str | None, list[tuple[RecipientResult, Counted]]] = defaultdict(list)
    for recipient, other in zip(judged.recipients, counted.recipients, strict=True):
        by_number[other.number].append((recipient, other))
    found = [difference for pairs in by_number.values() for difference in _of_number(pairs)]
    return [*found, *_unmatched(judged, counted)]


def _of_number(pairs: Sequence[tuple[RecipientResult, Counted]]) -> Iterator[Difference]:
    if Counter(recipient.kind for recipient, _ in pairs) == Counter(other.kind for _, other in pairs):
        return
    for recipient, other in pairs:
        if recipient.kind != other.kind:
            yield Difference(
                where=f"customer {other.customer}, campaign {other.campaign} on channel {other.channel}, "
                f"due {spoken(other.due)}",
                judge=f"{recipient.kind} ({_sent([delivery.send_at for delivery in recipient.deliveries])})",
                recount=f"{other.kind} ({_sent(other.sent)})",
            )


def _sent(times: Sequence[int]) -> str:
    return "sent " + ", ".join(spoken(at) for at in times) if times else "nothing sent"


def _unmatched(judged: Ledger, counted: Recount) -> Iterator[Difference]:
    """Yield the messages that belong to no recipient in one of the ledgers only, if their numbers differ."""
    if len(judged.unmatched) == len(counted.unmatched):
        return
    of_judge = {(delivery.service, delivery.message) for delivery in judged.unmatched}
    for service, message in sorted(of_judge ^ set(counted.unmatched)):
        says = ("unexpected", "due to a recipient")
        judge_says, recount_says = says if (service, message) in of_judge else says[::-1]
        yield Difference(where=f"message {message} of {service}", judge=judge_says, recount=recount_says)
