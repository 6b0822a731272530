"""The owners of wrong values: other customers of the campaign to whom the values in a text belong."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.population import population
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import WITHOUT_ROW, pages
from sendproof_harness.judge.facts.templates import Values, due_template

# Many customers share a first name; these are enough to find a pattern in their rows.
_OWNERS_MAX = 200
# A pattern must explain nearly all texts: at the end of a page, the next row is another one.
_SHARE = 0.9

_NO_VALUES: Values = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueRow:
    """A customer with their position among the rows of a campaign, and the values of their due text."""

    position: int
    customer: str
    number: str | None
    values: Values


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignValues:
    """The values of a text that are not the customer's, and the rows that have them; the best one comes first."""

    row: ValueRow
    values: Values
    owners: tuple[ValueRow, ...]

    def is_owner(self, row: ValueRow) -> bool:
        """Return True if this row's values include wrong ones of this text, and contradict none of them."""
        return bool(self.values.keys() & row.values.keys()) and self.may_own(row)

    def may_own(self, row: ValueRow) -> bool:
        """Return True if no value of this row contradicts the wrong values; a row without a due text has none."""
        return all(row.values.get(name, value) == value for name, value in self.values.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """The texts of one campaign with foreign values, by position in the history; and rows that may own them."""

    texts: Mapping[int, ForeignValues]
    rows: Mapping[int, ValueRow]
    page: int


def foreign_values(
    history: History, wrong: Mapping[CampaignKey, Mapping[int, Values]]
) -> Mapping[CampaignKey, Foreign]:
    """Return the owners of wrong values; `wrong` has the values by campaign and position among all obligations."""
    return {key: _foreign(history, key, of_key) for key, of_key in wrong.items()}


def _foreign(history: History, key: CampaignKey, wrong: Mapping[int, Values]) -> Foreign:
    page = max((page.rows for page in pages(history).get(key, ())), default=0)
    own = {row: position for row, (position, _) in enumerate(_listed(history, key)) if position in wrong}
    needed = {place(row, page) for row in own for _, place in _PLACES} | own.keys()
    wanted = {value for values in wrong.values() for value in values.items()}
    rows: dict[int, ValueRow] = {}
    owners: defaultdict[tuple[str, str], list[ValueRow]] = defaultdict(list)
    for index, (_, obligation) in enumerate(_listed(history, key)):
        values = _due_values(history, obligation)
        owned = [value for value in values.items() if value in wanted and len(owners[value]) < _OWNERS_MAX]
        if owned or index in needed:
            row = ValueRow(position=index, customer=obligation.customer, number=obligation.number, values=values)
            rows[index] = row
            for value in owned:
                owners[value].append(row)
    texts = {position: _with_owners(rows[row], wrong[position], owners) for row, position in own.items()}
    return Foreign(texts=texts, rows=rows, page=page)


def _listed(history: History, key: CampaignKey) -> Iterator[tuple[int, Obligation]]:
    """Yield the customers of a campaign in the order of its rows, with their positions among all obligations."""
    for position, (obligation, _) in enumerate(population(history)):
        if campaign_key(obligation) == key and obligation.reason not in WITHOUT_ROW:
            yield position, obligation


def _with_owners(row: ValueRow, values: Values, owners: Mapping[tuple[str, str], Sequence[ValueRow]]) -> ForeignValues:
    found = ForeignValues(row=row, values=values, owners=())
    candidates = {owner.position: owner for value in values.items() for owner in owners.get(value, ())}
    fitting = [owner for owner in candidates.values() if owner.customer != row.customer and found.is_owner(owner)]
    fitting.sort(key=lambda owner: -len(values.keys() & owner.values.keys()))
    return ForeignValues(row=row, values=values, owners=tuple(fitting))


def _due_values(history: History, obligation: Obligation) -> Values:
    template = None if obligation.text is None else due_template(history, obligation)
    values = None if template is None else template.text.values(obligation.text or "")
    return _NO_VALUES if values is None else values


# -- patterns ---------------------------------------------------------------------------------------

#: The row that a pattern takes the values from, by the text's own row and the size of a page.
_Place = Callable[[int, int], int]
_PLACES: tuple[tuple[str, _Place], ...] = (
    ("the value of the customer in the same row of page 1", lambda row, page: row % page if 0 < page <= row else -1),
    ("the value of another customer, in the row before", lambda row, _: row - 1),
    ("the value of another customer, in the row after", lambda row, _: row + 1),
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The pattern in the rows of the owners, as a cause, and how to find the owner of a text's values."""

    cause: str
    owner: Callable[[ForeignValues], ValueRow | None]


def ownership(foreign: Foreign) -> Pattern | None:
    """Return the pattern that explains nearly all texts of a campaign, or None."""
    texts = foreign.texts.values()
    if len(texts) == 1 and sum(len(text.owners) for text in texts) != 1:
        return None
    if all(any(owner.number == text.row.number for owner in text.owners) for text in texts):
        return Pattern("the value of another customer with the same number", lambda text: text.owners[0])
    patterns = (Pattern(cause, _owner_at(foreign, place)) for cause, place in _PLACES)
    return next((pattern for pattern in patterns if _explains(pattern, texts)), None) or _single_owner(texts)


def _owner_at(foreign: Foreign, place: _Place) -> Callable[[ForeignValues], ValueRow | None]:
    return lambda text: foreign.rows.get(place(text.row.position, foreign.page))


def _explains(pattern: Pattern, texts: Collection[ForeignValues]) -> bool:
    """Return True if the owners may have the values of nearly all texts, and have those of at least half."""
    pairs = [(text, owner) for text in texts if (owner := pattern.owner(text)) is not None and text.may_own(owner)]
    certain = sum(text.is_owner(owner) for text, owner in pairs)
    return bool(pairs) and len(pairs) >= _SHARE * len(texts) and 2 * certain >= len(pairs)


def _single_owner(texts: Collection[ForeignValues]) -> Pattern | None:
    if len(texts) == 1:
        return None
    common = frozenset[int].intersection(*(frozenset(owner.position for owner in text.owners) for text in texts))
    owner = next((owner for text in texts for owner in text.owners if owner.position in common), None)
    return None if owner is None else Pattern("the value of one customer for several", lambda _: owner)
