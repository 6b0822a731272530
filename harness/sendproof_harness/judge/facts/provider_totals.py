"""What the provider said of the messages of each template, as far as anybody can tell whose message it was.

Messages of obligations that are alike (see `matching`) belong to any of their templates. So a total has a range, and
so has the sum of totals of templates that share messages; for all of them together the range is as narrow as for one.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_harness.history.records import DeliveryStatus, History
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.checks.metrics import BOUNCED, DELIVERED, SENT, TemplateKey
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.fault_effects import services_without_record, troubled_messages, unseen_replies
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# From the end of a message to the total that counts it, a receipt has to be posted, perhaps tried again, and stored.
RECEIPT_ON_ITS_WAY = 15 * MINUTE

#: What the end of a message counts as; `unknown` counts as nothing.
METRIC_OF: Mapping[str, int] = {
    "delivered": DELIVERED,
    "undelivered": BOUNCED,
    "invalid": BOUNCED,
    "expired": BOUNCED,
}

# documented: https://api.txtlocal.com/docs/handlingreceipts (no status for expired messages)
_NEVER_PUSHED = "expired"

# What may be counted of those who got nothing: who was refused counts as dropped, or as sent and bounced.
_AS_YOU_LIKE: Mapping[str, tuple[int, ...]] = {"indefinite": (SENT,), "refused": (SENT, BOUNCED)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One thing the provider said: from `at` on, a message counts for `metric`.

    What is only `asked` is told to those who ask for it, or taken back later, so a total may leave it out.
    """

    metric: int
    at: int
    asked: bool = False


@dataclass(kw_only=True, slots=True)
class _Own:
    """Words about messages that can only be of one template: for each metric, the instants at which it grew."""

    told: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    asked: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    recipients: int = 0

    def add(self, words: Iterable[Word]) -> None:
        for word in words:
            (self.asked if word.asked else self.told)[word.metric].append(word.at)

    def sort(self) -> None:
        for instants in (*self.told.values(), *self.asked.values()):
            instants.sort()

    def range(self, metric: int, at: int) -> tuple[int, int]:
        told, asked = self.told.get(metric, ()), self.asked.get(metric, ())
        low = bisect_right(told, at - RECEIPT_ON_ITS_WAY)
        # A repeat is a message more, but no recipient more.
        return _recipients(metric, low, self.recipients), bisect_right(told, at) + bisect_right(asked, at)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """Messages of obligations that are alike: how many obligations of each template, and words about all of them."""

    of: tuple[tuple[TemplateKey, int], ...]
    words: tuple[Word, ...]

    def range(self, keys: frozenset[TemplateKey], metric: int, between: tuple[int, int]) -> tuple[int, int]:
        """The least and the most of them that templates `keys` may count, at instants that lie `between`."""
        mine = sum(count for key, count in self.of if key in keys)
        others = sum(count for _, count in self.of) - mine
        messages = sum(word.metric == SENT for word in self.words)
        repeats = max(0, messages - mine - others)
        earliest, latest = between
        some = [word for word in self.words if word.metric == metric]
        sure = sum(word.at <= earliest - RECEIPT_ON_ITS_WAY for word in some if not word.asked)
        low = sure - (others + repeats if others else 0)
        high = min(sum(word.at <= latest for word in some), mine + repeats)
        return max(0, _recipients(metric, low, mine)), high


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """All words of the provider. `together` are the sets of templates whose messages nobody can tell apart."""

    own: Mapping[TemplateKey, _Own]
    shared: Mapping[_Shared, int]
    together: tuple[frozenset[TemplateKey], ...]

    def range(self, metric: int, pushed: Mapping[TemplateKey, int]) -> tuple[int, int]:
        """The least and the most that totals may add up to, each pushed at its own instant."""
        keys, between = frozenset(pushed), (min(pushed.values()), max(pushed.values()))
        ranges = [self.own[key].range(metric, at) for key, at in pushed.items() if key in self.own]
        for some, times in self.shared.items():
            if any(key in keys for key, _ in some.of):
                low, high = some.range(keys, metric, between)
                ranges.append((times * low, times * high))
        return sum(low for low, _ in ranges), sum(high for _, high in ranges)


@cached_per_history
def said(history: History) -> Said:
    """What the provider said, by campaign, channel and template."""
    ended: dict[str, tuple[DeliveryStatus, ...]] = {
        outcome.message: (outcome,) for outcome in history.delivery_statuses
    }
    ended |= taken_back(history)
    words_of = _reader(history, ended)
    book = ledger(history)
    groups = [group for group in book.alike if len({template_of(fate) for fate in group}) > 1]
    shared = Counter(_shared(group, words_of) for group in groups)
    apart = {id(fate) for group in groups for fate in group}
    own: defaultdict[TemplateKey, _Own] = defaultdict(_Own)
    for fate in book.fates:
        if fate.deliveries and id(fate) not in apart:
            key = template_of(fate)
            own[key].recipients += 1
            own[key].add(words_of(fate))
        elif fate.name in _AS_YOU_LIKE:
            own[template_of(fate)].add(
                Word(metric=metric, at=fate.obligation.due, asked=True) for metric in _AS_YOU_LIKE[fate.name]
            )
    for words in own.values():
        words.sort()
    return Said(own=dict(own), shared=shared, together=tuple(_together(shared)))


@cached_per_history
def taken_back(history: History) -> Mapping[str, tuple[DeliveryStatus, ...]]:
    """By message, all words of a provider that took one back when it may have been reported already.

    Totals never shrink, so a bridge cannot follow: whichever word it stays with is as good as the other.
    """
    first: dict[str, DeliveryStatus] = {}
    found: dict[str, tuple[DeliveryStatus, ...]] = {}
    for outcome in history.delivery_statuses:
        before = first.setdefault(outcome.message, outcome)
        if outcome.at - before.at >= RECEIPT_ON_ITS_WAY:
            found[outcome.message] = (*found.get(outcome.message, (before,)), outcome)
    return found


def template_of(fate: RecipientResult) -> TemplateKey:
    """Campaign, channel and template of an obligation."""
    return fate.obligation.campaign, fate.obligation.channel, str(fate.obligation.template)


def _shared(group: Sequence[RecipientResult], words_of: Callable[[RecipientResult], Iterator[Word]]) -> _Shared:
    words = sorted(
        (word for fate in group for word in words_of(fate)), key=lambda word: (word.metric, word.at, word.asked)
    )
    return _Shared(of=tuple(sorted(Counter(map(template_of, group)).items())), words=tuple(words))


def _reader(
    history: History, ended: Mapping[str, Sequence[DeliveryStatus]]
) -> Callable[[RecipientResult], Iterator[Word]]:
    """What was said of one recipient's messages, from when on the bridge could know it."""
    told, unseen, without = troubled_messages(history), unseen_replies(history), services_without_record(history)

    def words_of(fate: RecipientResult) -> Iterator[Word]:
        for delivery in fate.deliveries:
            hidden = bool(unseen) and delivery.service in without and delivery.request in unseen
            outcomes = ended.get(delivery.message, ())
            silent = provider(delivery.service).rejects_late and (
                delivery.message in told or not any(outcome.status in METRIC_OF for outcome in outcomes)
            )
            yield Word(metric=SENT, at=delivery.at, asked=hidden or silent)
            for outcome in outcomes:
                metric = METRIC_OF.get(outcome.status)
                if metric is not None:
                    heard = told.get(delivery.message, outcome.at) if told else outcome.at
                    asked = hidden or heard is None or outcome.status == _NEVER_PUSHED or len(outcomes) > 1
                    yield Word(metric=metric, at=outcome.at if heard is None else max(heard, outcome.at), asked=asked)

    return words_of


def _together(shared: Iterable[_Shared]) -> list[frozenset[TemplateKey]]:
    """Each set that shares messages, and each that hangs together by such sets; the smallest first."""
    direct = {frozenset(key for key, _ in some.of) for some in shared}
    whole: list[frozenset[TemplateKey]] = []
    for some in direct:
        touching = [other for other in whole if other & some]
        whole = [other for other in whole if not other & some] + [some.union(*touching)]
    return sorted(direct.union(whole), key=lambda some: (len(some), sorted(some)))


def _recipients(metric: int, low: int, recipients: int) -> int:
    return min(low, recipients) if metric == SENT else low
