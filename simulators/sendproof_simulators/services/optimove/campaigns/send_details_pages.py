"""Pages of send details as bytes: rendered in aligned blocks, cached within a size limit, cut to the requested rows.

Most clients request whole blocks, so the usual page is a cached block without a copy.
"""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.audience.records import Customers
from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.services.optimove.campaigns.campaign import Execution

# The rows that are rendered together: as many as most clients request.
_BLOCK_ROWS = 10_000
CACHE_BYTES = 24 * 1024 * 1024

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


class SendDetailsPages:
    """The send details of all campaigns of a sandbox."""

    #: Everything in it follows from the campaigns and the customers.
    is_cache = True

    def __init__(self, audience: Audience, cache_bytes: int = CACHE_BYTES) -> None:
        """Create an empty cache of at most `cache_bytes`."""
        self._audience = audience
        self._blocks: OrderedDict[tuple[int, int, int, RowFormat], Block] = OrderedDict()
        self._free_bytes = cache_bytes

    def page(self, execution: Execution, customers: Customers, skip: int, top: int, row_format: RowFormat) -> bytes:
        """Return up to `top` rows from row `skip` on, as a JSON array; `[]` past the end.

        Blocks are cached, so `customers` with other records need a format with another version.
        """
        count = len(execution.campaign.customers)
        stop = min(skip + top, count)
        if skip >= stop:
            return b"[]"
        if skip % _BLOCK_ROWS == 0 and stop == min(skip + _BLOCK_ROWS, count):
            return self._cached_block(execution, customers, skip // _BLOCK_ROWS, row_format).text
        slices: list[bytes | memoryview] = []
        for number in range(skip // _BLOCK_ROWS, (stop - 1) // _BLOCK_ROWS + 1):
            first = number * _BLOCK_ROWS
            block = self._cached_block(execution, customers, number, row_format)
            slices += [b"," if slices else b"[", block.rows(max(skip - first, 0), min(stop - first, _BLOCK_ROWS))]
        return b"".join((*slices, b"]"))

    def _cached_block(self, execution: Execution, customers: Customers, number: int, row_format: RowFormat) -> Block:
        key = (execution.campaign.plan.campaign, execution.plan.channel, number, row_format)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        block = self._blocks[key] = self._render_block(execution, customers, number * _BLOCK_ROWS, row_format)
        self._free_bytes -= block.size
        while self._free_bytes < 0:
            self._free_bytes += self._blocks.popitem(last=False)[1].size
        return block

    def _render_block(self, execution: Execution, customers: Customers, start: int, row_format: RowFormat) -> Block:
        recipients = execution.campaign.customers
        indices = (recipients[::-1] if row_format.descending else recipients)[start : start + _BLOCK_ROWS]
        times = {split.send_at: sql_time(split.send_at) for split in execution.plan.splits}
        splits = execution.splits(indices)
        columns = [
            map(self._audience.id_of, indices),
            [str(split.template) if row_format.ids_as_text else split.template for split in splits],
            [times[split.send_at] for split in splits],
            [execution.plan.app or msgspec.UNSET] * len(splits),
        ]
        if row_format.attributes:
            columns += _attribute_columns(customers, indices, row_format)
        return _block_of_lines(_encode_lines(list(map(SendDetails, *columns))))


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


def _block_of_lines(lines: bytes) -> Block:
    """Return a block of rows that are encoded one per line. JSON has no line break within a row."""
    lengths = (len(line) + 1 for line in lines[:-1].split(b"\n"))
    return Block(b"[%b]" % lines[:-1].replace(b"\n", b","), array("I", accumulate(lengths, initial=1)))
