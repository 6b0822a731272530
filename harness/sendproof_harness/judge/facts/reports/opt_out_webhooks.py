"""The webhooks by which providers report opt-outs to the bridge, and when they first reported each opt-out.

Some webhooks name a message, others pass on a reply. A reply from before the opt-out says nothing about it, and neither
does a reply with other words after it. Capitals and punctuation make no difference. A customer may opt out again after
an opt-in, which the first report does not announce.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.customer_records import Inbound, OptOut
from sendproof_harness.history.records import History, Webhook
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

_REPLY_KEY = "inbound:"

#: Provider and key of a webhook.
_Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Report:
    """A webhook about a number: with the type of its message, or with the reply that it passes on.

    `acknowledged` are the times at which the bridge acknowledged it, in order.
    """

    service: str
    number: str
    message_type: str | None = None
    reply: Inbound | None = None
    acknowledged: Sequence[int] = ()

    def announces(self, opt_out: OptOut, stops: Iterable[str]) -> bool:
        """Return True if it is about this opt-out; `stops` are the words of the replies that made it."""
        if (self.service, self.number) != (opt_out.service, opt_out.number):
            return False
        if self.reply is None:
            return self.message_type == opt_out.message_type
        return self.reply.at >= opt_out.at and _words(self.reply.text) in stops


@cached_per_history
def first_reports(history: History) -> Sequence[int | None]:
    """Return when a webhook first reported each opt-out of the history to the bridge; None if none did."""
    reports: dict[tuple[str, str], list[_Report]] = {}
    for report in _reports(history) if history.opt_outs else ():
        reports.setdefault((report.service, report.number), []).append(report)
    replies: dict[tuple[str, str, int], list[str]] = {}
    for inbound in history.inbounds:
        replies.setdefault((inbound.service, inbound.number, inbound.at), []).append(_words(inbound.text))
    return [
        _first(
            opt_out,
            reports.get((opt_out.service, opt_out.number), ()),
            replies.get((opt_out.service, opt_out.number, opt_out.at), ()),
        )
        for opt_out in history.opt_outs
    ]


def _words(text: str) -> str:
    """Return what "STOP", "stop" and "Stop." have in common; the text itself if it has no letters and digits."""
    return "".join(filter(str.isalnum, text.casefold())) or text


def _first(opt_out: OptOut, reports: Iterable[_Report], stops: Sequence[str]) -> int | None:
    announcing = (report for report in reports if report.announces(opt_out, stops))
    return min((at for report in announcing for at in report.acknowledged if at >= opt_out.at), default=None)


def reported_numbers(history: History) -> frozenset[tuple[str, str]]:
    """Return provider and number of every webhook that was to report an opt-out, whether it arrived or not."""
    return frozenset((report.service, report.number) for report in _reports(history))


@cached_per_history
def named_messages(history: History) -> Mapping[_Key, int]:
    """Return the messages that the webhooks about opt-outs name, by provider and id, and when each was last posted."""
    return {
        (attempt.service, message_of_webhook(attempt.key)): attempt.at
        for attempt in filter(_is_opt_out_event, history.webhooks)
        if not attempt.key.startswith(_REPLY_KEY)
    }


@cached_per_history
def _reports(history: History) -> Sequence[_Report]:
    acknowledged: dict[_Key, list[int]] = {}
    for attempt in filter(_is_opt_out_event, history.webhooks):
        times = acknowledged.setdefault((attempt.service, attempt.key), [])
        if is_acknowledged(attempt):
            times.append(attempt.at)
    return [*_about_messages(history, acknowledged), *_of_replies(history, acknowledged)]


def _is_opt_out_event(attempt: Webhook) -> bool:
    return attempt.event in provider(attempt.service).opt_out_events


def _about_messages(history: History, acknowledged: Mapping[_Key, Sequence[int]]) -> Iterator[_Report]:
    by_message = {
        (service, key.split(":")[1]): times
        for (service, key), times in acknowledged.items()
        if not key.startswith(_REPLY_KEY)
    }
    for delivery in history.deliveries if by_message else ():
        times = by_message.get((delivery.service, delivery.message))
        if times is not None:
            yield _Report(
                service=delivery.service,
                number=delivery.number,
                message_type=delivery.message_type,
                acknowledged=times,
            )


def _of_replies(history: History, acknowledged: Mapping[_Key, Sequence[int]]) -> Iterator[_Report]:
    """Yield the replies, which are known by their place, if all of them were passed on."""
    passed_on: dict[str, list[str]] = {}
    for service, key in acknowledged:
        if key.startswith(_REPLY_KEY):
            passed_on.setdefault(service, []).append(key)
    for service, keys in passed_on.items():
        replies = [inbound for inbound in history.inbounds if inbound.service == service]
        if len(replies) == len(keys):
            for key, reply in zip(sorted(keys, key=_reply_order), replies, strict=True):
                times = acknowledged[service, key]
                yield _Report(service=service, number=reply.number, reply=reply, acknowledged=times)


def _reply_order(key: str) -> tuple[int, str]:
    count = key.removeprefix(_REPLY_KEY)
    return (int(count) if count.isdecimal() else 0), count
