"""Rows of send details, computed for thousands of customers at once: the fast way to a page of a large campaign.

A property test compares the rows with those of `send_details_rows.py`.
"""

from array import array
from collections.abc import Sequence

import msgspec
import numpy as np

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import Customers, CustomersAsOf
from sendproof_simulators.core.audience.text_columns import (
    Column,
    Part,
    decimals,
    joined,
    split_places,
    text_columns,
    with_texts,
)
from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.core.plans import Split
from sendproof_simulators.services.optimove.campaigns.campaign import Execution
from sendproof_simulators.services.optimove.campaigns.send_details_rows import Block, RowFormat, SendDetails

_HEAD = b'{"CustomerID":"C'
_ID_DIGITS = 7

_encode = msgspec.json.Encoder().encode


def render_rows(execution: Execution, customers: Customers, indices: Sequence[int], row_format: RowFormat) -> Block:
    """Return the rows of the customers at `indices`. Attributes are always in a list."""
    ids = decimals(np.fromiter(indices, np.int64, len(indices)), _ID_DIGITS)
    parts: list[Part] = [_HEAD, ids, _ends(execution, indices, row_format)]
    if row_format.attributes:
        columns = [[b",", *column] for column in _columns(customers, indices, row_format.attributes)]
        values = [part for column in columns for part in column]
        parts += [b',"CustomerAttributes":[', *values[1:], b"]"]
    texts, lengths = joined([*parts, b"},"], len(indices))
    texts[-1] = texts[-1][:-1]
    starts = np.concatenate(([1], lengths)).cumsum(dtype=np.uint32)
    return Block(b"".join((b"[", *texts, b"]")), array("I", starts.tobytes()))


def _ends(execution: Execution, indices: Sequence[int], row_format: RowFormat) -> Part:
    """Return the rows from the end of the id up to the attributes: they only depend on the split."""
    ends = [_end(split, execution.plan.app, row_format) for split in execution.plan.splits]
    if len(ends) == 1:
        return ends[0]
    places = split_places(execution.campaign.random, indices, execution.split_bounds, *execution.split_path)
    return np.array(ends).take(places)


def _end(split: Split, app: str | None, row_format: RowFormat) -> bytes:
    template = str(split.template) if row_format.ids_as_text else split.template
    row = SendDetails("", template, sql_time(split.send_at), app or msgspec.UNSET)
    return _encode(row).removeprefix(_HEAD[:-1]).removesuffix(b"}")


def _columns(customers: Customers, indices: Sequence[int], names: Sequence[str]) -> list[Column]:
    if isinstance(customers, Audience):
        return text_columns(customers, indices, names)
    assert isinstance(customers, CustomersAsOf)  # noqa: S101 - `is_computed` is the condition of this module
    audience, records = customers.audience, customers.records
    drawn = [name for name in dict.fromkeys(names) if name in audience.attribute_names]
    columns = dict(zip(drawn, text_columns(audience, indices, drawn), strict=True))
    return [
        with_texts(
            columns.get(name) or [_encode(customers.default(name))],
            records.changed_values(name, indices, customers.at),
            len(indices),
        )
        for name in names
    ]
