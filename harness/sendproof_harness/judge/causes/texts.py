"""The cause of each wrong text, found by comparing it with the text under each hypothesis."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.links import other_links
from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.causes.damage import SMS_LENGTHS, addition_cause, cut_cause, cut_length, damage
from sendproof_harness.judge.causes.owners import Foreign, Pattern, foreign_values, ownership
from sendproof_harness.judge.causes.values import (
    FILLED_IN_AGAIN,
    OTHER_ATTRIBUTE,
    WrongValue,
    is_emptied,
    is_filled_in_again,
    trimmed_cause,
    value_cause,
    wrong_values,
)
from sendproof_harness.judge.facts.deliveries.ledger import matched_recipients
from sendproof_harness.judge.facts.deliveries.message_types import EMAIL, message_type
from sendproof_harness.judge.facts.deliveries.template_changes import current_obligations
from sendproof_harness.judge.facts.keys import CampaignKey, TemplateKey, campaign_key, template_key
from sendproof_harness.judge.facts.templates import (
    PLACEHOLDER,
    TemplateVersion,
    Values,
    campaign_templates,
    due_template,
    versions,
)

# The texts of a million recipients have no other causes than the first ones.
_EXAMINED_MAX = 10_000
# The rows of a campaign are searched for the owners of this many wrong values; the others have the same cause.
_OWNERS_SOUGHT = 2_000
# More names would make one cause for each customer.
_NAMES_MAX = 3

_OF_ANOTHER = "the value of another customer"
UNKNOWN = "a text other than the due one"
_OTHER_LINK = "a link that leads elsewhere than that of the template"
_UNKNOWN_VALUE = "a value other than the customer's, such as an outdated one, a default or another person's"


@dataclass(frozen=True, slots=True)
class TextCause:
    """The cause of a wrong text, and a detail about this customer, if there is one."""

    cause: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _WrongText:
    """A text that was sent, its obligation with its position among all, and the template that was due."""

    position: int
    obligation: Obligation
    got: str
    template: TemplateVersion | None

    @property
    def expected(self) -> str:
        return self.obligation.text or ""

    @property
    def due_values(self) -> Values | None:
        return self.template.text.values(self.expected) if self.template is not None else None


def text_causes(history: History, wrong: Iterable[tuple[Obligation, str]]) -> list[TextCause]:
    """Return the cause of each wrong text, in order; each is given as the obligation and the text that was sent.

    Beyond a limit, a text has the most frequent cause of its template.
    """
    pairs = list(wrong)
    causes = _examined_causes(history, pairs[:_EXAMINED_MAX])
    if len(pairs) <= _EXAMINED_MAX:
        return causes
    frequent: defaultdict[TemplateKey, Counter[str]] = defaultdict(Counter)
    for (obligation, _), cause in zip(pairs, causes, strict=False):
        frequent[template_key(obligation)][cause.cause] += 1
    usual = {key: TextCause(counts.most_common(1)[0][0]) for key, counts in frequent.items()}
    rest = pairs[_EXAMINED_MAX:]
    return causes + [usual.get(template_key(obligation), TextCause(UNKNOWN)) for obligation, _ in rest]


def _examined_causes(history: History, pairs: Sequence[tuple[Obligation, str]]) -> list[TextCause]:
    positions = _positions(history, {id(obligation) for obligation, _ in pairs})
    texts = [
        _WrongText(
            position=positions.get(id(obligation), -1),
            obligation=obligation,
            got=got,
            template=due_template(history, obligation),
        )
        for obligation, got in pairs
    ]
    return _Diagnosis(history, texts).causes()


def _positions(history: History, wanted: Collection[int]) -> Mapping[int, int]:
    if not wanted:
        return {}
    return {
        id(obligation): history.alike.place(position)
        for position, obligation in enumerate(current_obligations(history))
        if id(obligation) in wanted
    }


# -- all texts together -----------------------------------------------------------------------------


class _Diagnosis:
    """The hypotheses, with what they need to know about all wrong texts of a run."""

    def __init__(self, history: History, texts: Sequence[_WrongText]) -> None:
        self._history = history
        self._texts = texts
        self._single_templates = _single_templates(history, {campaign_key(text.obligation) for text in texts})
        cuts = [(length, text.expected[length:]) for text in texts if (length := cut_length(text.got, text.expected))]
        self._cut_lengths, self._cut_endings = Counter(length for length, _ in cuts), Counter(end for _, end in cuts)
        # A value of an attribute that the text does not have is only recognised where another text has both.
        self._exchanged: set[str] = set()
        self._changed = _changed_values(history, {text.obligation.customer for text in texts})

    def causes(self) -> list[TextCause]:
        found: dict[int, TextCause] = {}
        open_values: dict[int, list[WrongValue]] = {}
        for index, text in enumerate(self._texts):
            cause = self._certain_cause(text)
            values = [] if cause is not None else self._wrong_values(text)
            cause = cause or self._values_cause(values) or self._template_cause(text)
            if cause is not None:
                found[index] = TextCause(cause)
            elif values:
                open_values[index] = values
        found |= self._foreign(open_values)
        return [found.get(index) or TextCause(self._other_part(text)) for index, text in enumerate(self._texts)]

    def _other_part(self, text: _WrongText) -> str:
        """Return whether the title, the text below it or a link is another than the due one."""
        type_ = message_type(self._history, text.obligation.channel)
        got, expected = text.got.partition("\n"), text.expected.partition("\n")
        is_titled = type_ != SMS and all(line_end for _, line_end, _ in (got, expected))
        if is_titled and got[2] == expected[2]:
            return f"a {'subject' if type_ == EMAIL else 'title'} other than the due one"
        if type_ == EMAIL and other_links(text.got, text.expected):
            return _OTHER_LINK
        return UNKNOWN

    def _certain_cause(self, text: _WrongText) -> str | None:
        """Return the cause if it explains the whole text."""
        got, expected = text.got, text.expected
        if not got.strip():
            return "the text is empty" + (" where a placeholder has no value" if _has_empty_value(text) else "")
        placeholders = self._placeholder_cause(text)
        if placeholders is not None:
            return placeholders
        single = self._single_templates.get(campaign_key(text.obligation))
        if single is not None and not _is_made_from_due_template(text):
            return f"one template for all: every recipient got {single.title!r} instead of their own"
        exact = self._template_cause(text, exact=True) or self._trimmed_cause(text) or damage(got, expected)
        return exact or self._ending_cause(text)

    def _placeholder_cause(self, text: _WrongText) -> str | None:
        """Return the cause if a placeholder is in the text in vain, or one in the customer's value was filled in."""
        due = Counter(PLACEHOLDER.findall(text.expected))
        values = self._wrong_values(text) if due else []
        # If all of them are empty, that is the likelier cause.
        has_other_values = len(values) < len(text.due_values or {})
        again = [value for value in values if is_filled_in_again(value) or (has_other_values and is_emptied(value))]
        if again:
            return f"{FILLED_IN_AGAIN}: {_names(again)}"
        return "a placeholder was not filled in" if Counter(PLACEHOLDER.findall(text.got)) - due else None

    def _ending_cause(self, text: _WrongText) -> str | None:
        """Return the cause of a text that was cut off, or extended."""
        length = cut_length(text.got, text.expected)
        if length is None:
            return addition_cause(text.got, text.expected)
        values = self._wrong_values(text) if length not in SMS_LENGTHS else []
        if values and not any(value.got for value in values):
            # The text ends with a placeholder that was left empty: a cut hardly ever falls on just that place.
            return self._values_cause(values)
        return cut_cause(length, text.expected[length:], self._cut_lengths, self._cut_endings)

    def _trimmed_cause(self, text: _WrongText) -> str | None:
        """Return the cause and the placeholders if only ends of values lack white space, not those of the text."""
        of_all = {text.expected.strip(), text.expected.lstrip(), text.expected.rstrip()}
        values = self._wrong_values(text) if text.got not in of_all else []
        cause = trimmed_cause(values)
        return None if cause is None else f"{cause}: {_names(values)}"

    def _wrong_values(self, text: _WrongText) -> list[WrongValue]:
        due = text.due_values
        got = text.template.text.values(text.got) if text.template is not None else None
        return [] if due is None or got is None else wrong_values(got, due, self._changed[text.obligation.customer])

    def _values_cause(self, values: Sequence[WrongValue]) -> str | None:
        """Return the cause of the first value that has one, with the placeholders that it explains."""
        causes = {value.name: cause for value in values if (cause := value_cause(value)) is not None}
        first = next(iter(causes.values()), None)
        if first is None:
            return None
        explained = [value for value in values if causes.get(value.name) == first]
        if first == OTHER_ATTRIBUTE:
            self._exchanged |= {value.name for value in explained}
        return f"{first}: {_names(explained)}"

    def _template_cause(self, text: _WrongText, *, exact: bool = False) -> str | None:
        """Return the other template that the text was made from; if `exact`, with exactly the customer's values."""
        due = text.due_values or {}
        for cause, version in _other_templates(self._history, text):
            values = version.text.values(text.got)
            is_exact = values is not None and all(due.get(name) == value for name, value in values.items())
            if is_exact if exact else values is not None:
                return cause
        if text.template is not None and text.got in {text.template.title, str(text.template.id)}:
            return "the title or id of the template instead of its text"
        return None

    def _foreign(self, open_values: Mapping[int, Sequence[WrongValue]]) -> dict[int, TextCause]:
        """Return the causes of values that are not the customer's: those of other customers, if there are any."""
        sought: defaultdict[CampaignKey, dict[int, Values]] = defaultdict(dict)
        for index, values in list(open_values.items())[:_OWNERS_SOUGHT]:
            text = self._texts[index]
            sought[campaign_key(text.obligation)][text.position] = {value.name: value.got for value in values}
        foreign = foreign_values(self._history, sought)
        patterns = {key: ownership(of_key) for key, of_key in foreign.items()}
        return {
            index: self._foreign_cause(self._texts[index], values, foreign, patterns)
            for index, values in open_values.items()
        }

    def _foreign_cause(
        self,
        text: _WrongText,
        values: Sequence[WrongValue],
        foreign: Mapping[CampaignKey, Foreign],
        patterns: Mapping[CampaignKey, Pattern | None],
    ) -> TextCause:
        key = campaign_key(text.obligation)
        of_campaign, pattern = foreign.get(key), patterns.get(key)
        owned = None if of_campaign is None else of_campaign.texts.get(text.position)
        if pattern is not None:
            owner = None if owned is None else pattern.owner(owned)
            return TextCause(pattern.cause, "" if owner is None else f"{_names(values)} of {owner.customer}")
        if any(value.name in self._exchanged for value in values):
            return TextCause(f"likely {OTHER_ATTRIBUTE}: {_names(values)}")
        if owned is not None and owned.owners:
            others = f" or of {len(owned.owners) - 1:,} others" if len(owned.owners) > 1 else ""
            return TextCause(_OF_ANOTHER, f"{_names(values)} of {owned.owners[0].customer}{others}")
        if of_campaign is not None and 2 * sum(bool(text.owners) for text in of_campaign.texts.values()) >= len(
            of_campaign.texts
        ):
            return TextCause(_OF_ANOTHER)
        return TextCause(_unowned_cause(values))


def _is_made_from_due_template(text: _WrongText) -> bool:
    return text.template is not None and text.template.text.values(text.got) is not None


def _has_empty_value(text: _WrongText) -> bool:
    values = text.due_values
    return values is not None and any(not value for value in values.values())


def _unowned_cause(values: Sequence[WrongValue]) -> str:
    if all(not value.expected for value in values):
        return f"a default of the bridge where a placeholder has no value: {_names(values)}"
    return f"{_UNKNOWN_VALUE}: {_names(values)}"


def _names(values: Sequence[WrongValue]) -> str:
    names = [value.name for value in values[:_NAMES_MAX]]
    return ", ".join(names) + (" and others" if len(values) > _NAMES_MAX else "")


# -- templates --------------------------------------------------------------------------------------


def _single_templates(history: History, campaigns: Collection[CampaignKey]) -> Mapping[CampaignKey, TemplateVersion]:
    """Return, for campaigns with several templates, the one that fits all of their messages, if there is one."""
    templates = campaign_templates(history)
    fitting = {key: list(of_key.values()) for key in campaigns if len(of_key := templates.get(key, {})) > 1}
    for recipient in matched_recipients(history) if fitting else ():
        key, text = campaign_key(recipient.obligation), recipient.deliveries[0].text
        if fitting.get(key):
            fitting[key] = [template for template in fitting[key] if template.text.values(text) is not None]
    return {key: of_key[0] for key, of_key in fitting.items() if len(of_key) == 1}


def _other_templates(history: History, text: _WrongText) -> Iterator[tuple[str, TemplateVersion]]:
    """Yield the templates that may have been used instead, the likeliest first, each with the cause."""
    due = text.template
    of_campaign = campaign_templates(history).get(campaign_key(text.obligation), {})
    for id_, template in of_campaign.items():
        if id_ != str(text.obligation.template):
            yield f"made from another template of the campaign, {template.title!r}", template
    others = {template.text.body for id_, template in of_campaign.items() if id_ != str(text.obligation.template)}
    bodies = others | ({due.text.body} if due is not None else set())
    for version in versions(history):
        if version.text.body in bodies:
            continue
        if due is not None and version.title == due.title:
            is_old = version.at <= due.at
            yield f"made from an {'old' if is_old else 'other, newer'} version of the template", version
        elif due is None or version.service == due.service:
            yield f"made from the template {version.title!r}, which is not the campaign's", version


# -- values that changed ----------------------------------------------------------------------------


def _changed_values(history: History, customers: Collection[str]) -> defaultdict[str, Mapping[str, frozenset[str]]]:
    """Return the values that attributes of some customers had at other times, by customer and attribute."""
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for update in history.attributes:
        for change in update.changes:
            if change.customer in customers:
                found[change.customer][change.field.upper()].add(change.value or "")
    for obligation in history.obligations if history.attributes else ():
        if obligation.customer in found and obligation.text is not None:
            template = due_template(history, obligation)
            for name, value in (template.text.values(obligation.text) or {} if template else {}).items():
                found[obligation.customer][name.upper()].add(value)
    result: defaultdict[str, Mapping[str, frozenset[str]]] = defaultdict(dict)
    for customer, values in found.items():
        result[customer] = {name: frozenset(of_name) for name, of_name in values.items()}
    return result
