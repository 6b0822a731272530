"""The owners of wrong values: other customers of the campaign to whom the values in a text belong."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.judge.causes.templates import Values, campaign_templates
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import NOT_CLEARED, pages

# Many customers share a first name; these are enough to find a pattern in their rows.
_OWNERS_MAX = 500

_Value = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A customer with their position among the rows of a campaign."""

    position: int
    customer: str
    number: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignValues:
    """The values of a text that are not the customer's, with the rows of the campaign that have all of them."""

    row: Row
    owners: tuple[Row, ...]


def foreign_values(history: History, wrong: Mapping[CampaignKey, Mapping[int, Values]]) -> Mapping[int, ForeignValues]:
    """Return the owners of wrong values, by line position of the obligation.

    `wrong` has the wrong values by campaign and position in `history.obligations`.
    """
    wanted = {key: {value for values in of_key.values() for value in values.items()} for key, of_key in wrong.items()}
    rows: dict[int, Row] = {}
    owners: defaultdict[tuple[CampaignKey, _Value], list[Row]] = defaultdict(list)
    for key, position, row, obligation in _rows(history, wrong):
        if position in wrong[key]:
            rows[position] = row
        for value in _values(history, obligation):
            if value in wanted[key] and len(owners[key, value]) < _OWNERS_MAX:
                owners[key, value].append(row)
    return {
        position: ForeignValues(
            row=rows[position],
            owners=_common(rows[position], [owners[key, value] for value in values.items()]),
        )
        for key, of_key in wrong.items()
        for position, values in of_key.items()
    }


def _rows(
    history: History, campaigns: Mapping[CampaignKey, object]
) -> Iterator[tuple[CampaignKey, int, Row, Obligation]]:
    """Yield the rows of some campaigns: obligations are in the order of the rows."""
    next_row: defaultdict[CampaignKey, int] = defaultdict(int)
    for position, obligation in enumerate(history.obligations):
        key = campaign_key(obligation)
        if key in campaigns and obligation.reason != NOT_CLEARED:
            row = Row(position=next_row[key], customer=obligation.customer, number=obligation.number)
            next_row[key] += 1
            yield key, position, row, obligation


def _values(history: History, obligation: Obligation) -> Iterable[_Value]:
    template = campaign_templates(history).get(campaign_key(obligation), {}).get(str(obligation.template))
    values = template.text.values(obligation.text) if template is not None and obligation.text is not None else None
    return values.items() if values else ()


def _common(row: Row, owners: Iterable[list[Row]]) -> tuple[Row, ...]:
    """Return the rows that have all of the values, without the customer's own row."""
    first, *others = owners
    shared = {owner.position for owner in first}
    for other in others:
        shared &= {owner.position for owner in other}
    return tuple(owner for owner in first if owner.position in shared and owner.customer != row.customer)


# -- hypotheses about all customers with such values ------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Ownership:
    """The most specific cause that explains the wrong values of a campaign, and how to find the owner of each."""

    cause: str
    applies: Callable[[Row, Row], bool]

    def owner(self, text: ForeignValues) -> str:
        """Return the customer of whom the values are; if several have them, their number too."""
        fitting = [owner for owner in text.owners if self.applies(text.row, owner)]
        others = "" if len(fitting) == 1 else f" or of {len(fitting) - 1:,} others"
        return f"{fitting[0].customer}{others}"


def ownership(history: History, campaign: CampaignKey, texts: Sequence[ForeignValues]) -> Ownership:
    """Return the explanation of all these texts of one campaign. Each has an owner."""
    page = max((page.rows for page in pages(history).get(campaign, ())), default=0)
    certain = len(texts) > 1 or all(len(text.owners) == 1 for text in texts)
    for hypothesis in _hypotheses(page, texts) if certain else ():
        if all(any(hypothesis.applies(text.row, owner) for owner in text.owners) for text in texts):
            return hypothesis
    return Ownership(cause="the value of another customer", applies=lambda _row, _owner: True)


def _hypotheses(page: int, texts: Sequence[ForeignValues]) -> tuple[Ownership, ...]:
    common = frozenset[int].intersection(*(frozenset(owner.position for owner in text.owners) for text in texts))
    return (
        Ownership(
            cause="the value of another customer with the same number",
            applies=lambda row, owner: owner.number is not None and owner.number == row.number,
        ),
        Ownership(
            cause="the value of the customer in the same row of page 1",
            applies=lambda row, owner: 0 < page <= row.position and owner.position == row.position % page,
        ),
        Ownership(
            cause="the value of the customer in the same row of another page",
            applies=lambda row, owner: page > 0 and owner.position % page == row.position % page,
        ),
        Ownership(
            cause="the value of another customer, in the row before",
            applies=lambda row, owner: owner.position == row.position - 1,
        ),
        Ownership(
            cause="the value of another customer, in the row after",
            applies=lambda row, owner: owner.position == row.position + 1,
        ),
        Ownership(
            cause="the value of one customer for several",
            applies=lambda _, owner: len(texts) > 1 and owner.position in common,
        ),
    )
