"""Pages of send details as bytes: rendered in aligned blocks, cached within a size limit, cut to the requested rows.

Most clients request whole blocks, so the usual page is a cached block without a copy.
"""

from collections import OrderedDict

from sendproof_simulators.core.audience.audience import MANY_CUSTOMERS, Audience
from sendproof_simulators.core.audience.records import Customers, CustomersAsOf
from sendproof_simulators.services.optimove.campaigns.campaign import Execution
from sendproof_simulators.services.optimove.campaigns.send_details_rows import Block, RowFormat, render_rows

# The rows that are rendered together: as many as most clients request.
_BLOCK_ROWS = 10_000
CACHE_BYTES = 24 * 1024 * 1024


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
        # Ids of the client's own cannot be computed.
        has_own_ids = any(index in indices for index in self._audience.own_ids)
        is_large = len(indices) >= MANY_CUSTOMERS and not has_own_ids
        if is_large and row_format.delimiter is None and is_computed(customers):
            # Only now: its import takes longer than starting a small run.
            from sendproof_simulators.services.optimove.campaigns import send_details_columns  # noqa: PLC0415

            return send_details_columns.render_rows(execution, customers, indices, row_format)
        return render_rows(self._audience, execution, customers, indices, row_format)


def is_computed(customers: Customers) -> bool:
    """Return True for the audience, with or without changes: the columns of its attributes can be computed."""
    return type(customers) in {Audience, CustomersAsOf}
