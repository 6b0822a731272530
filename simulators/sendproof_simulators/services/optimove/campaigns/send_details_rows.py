"""Rows of send details as JSON: the definition of a page, and the way to small and unusual ones."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import Customers
from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.services.optimove.campaigns.campaign import Execution

_encode_lines = msgspec.json.Encoder().encode_lines


class SendDetails(msgspec.Struct, gc=False):
    """One row of a page: observed in PyPI optimove 2.0.0 (samples from the documents) and a Vonage bridge."""

    CustomerID: str
    TemplateID: int | str
    ScheduledTime: str
    AppID: str | msgspec.UnsetType = msgspec.UNSET
    CustomerAttributes: tuple[str | None, ...] | msgspec.UnsetType = msgspec.UNSET
    CustomerAttribute: str | msgspec.UnsetType = msgspec.UNSET


class RowFormat(NamedTuple):
    """The format of rows: attribute names, their delimiter if they are one text, ids as text or numbers, and order.

    `version` is that of the customers' records, by the number of changes so far.
    """

    attributes: tuple[str, ...] = ()
    delimiter: str | None = None
    ids_as_text: bool = False
    descending: bool = False
    version: int = 0


class Block(NamedTuple):
    """Consecutive rows as one JSON array. `starts` has the offset of each row, and the end as one more offset."""

    text: bytes
    starts: "array[int]"

    @property
    def size(self) -> int:
        """Return the number of bytes in memory."""
        return len(self.text) + self.starts.itemsize * len(self.starts)

    def rows(self, start: int, stop: int) -> memoryview:
        """Return the rows from `start` up to but not including `stop`, separated by commas."""
        return memoryview(self.text)[self.starts[start] : self.starts[stop] - 1]


def render_rows(
    audience: Audience, execution: Execution, customers: Customers, indices: Sequence[int], row_format: RowFormat
) -> Block:
    """Return the rows of the customers at `indices`, encoded one by one."""
    times = {split.send_at: sql_time(split.send_at) for split in execution.plan.splits}
    splits = execution.splits(indices)
    columns = [
        map(audience.id_of, indices),
        [str(split.template) if row_format.ids_as_text else split.template for split in splits],
        [times[split.send_at] for split in splits],
        [execution.plan.app or msgspec.UNSET] * len(splits),
    ]
    if row_format.attributes:
        columns += _attribute_columns(customers, indices, row_format)
    # JSON has no line break within a row.
    lines = _encode_lines(list(map(SendDetails, *columns)))[:-1]
    lengths = (len(line) + 1 for line in lines.split(b"\n"))
    return Block(b"[%b]" % lines.replace(b"\n", b","), array("I", accumulate(lengths, initial=1)))


def _attribute_columns(customers: Customers, indices: Sequence[int], row_format: RowFormat) -> list[Any]:
    """Return the column CustomerAttributes. If attributes are one text, it is empty, and CustomerAttribute follows."""
    values = _attribute_values(customers, indices, row_format.attributes)
    if row_format.delimiter is None:
        return [values]
    delimiter = row_format.delimiter
    return [[msgspec.UNSET] * len(values), [delimiter.join(text or "" for text in row) for row in values]]


def _attribute_values(
    customers: Customers, indices: Sequence[int], names: tuple[str, ...]
) -> list[tuple[str | None, ...]]:
    """Return the attributes of each customer: of consecutive customers at once, after a clearance one by one."""
    if not isinstance(indices, range):
        return [tuple(customers.values(index, names)) for index in indices]
    ascending = indices[:: indices.step]
    rows = list(zip(*customers.columns(ascending.start, ascending.stop, names), strict=True))
    return rows[:: indices.step]
