"""Pages of send details as bytes: rendered in aligned blocks, kept while there is room, cut to what is asked for.

Paging clients ask for whole blocks, so the usual page is a block as it is kept, without a copy.
"""

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from sendproof_simulators.core.audience.audience import Audience
from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.services.optimove.campaigns.campaign import Execution
from sendproof_simulators.services.optimove.customers.records import Customers

# observed: GitHub avalanchy/optimoveapi quotes the documents of 2016; that no larger page can be had is assumed.
ROWS_PER_PAGE = 10_000
CACHE_BYTES = 24 * 1024 * 1024

_encode_lines = msgspec.json.Encoder().encode_lines


class SendDetails(msgspec.Struct, gc=False):
    """One row as it is sent: observed in PyPI optimove 2.0.0 (samples from the documents) and a Vonage bridge."""

    CustomerID: str
    TemplateID: int | str
    ScheduledTime: str
    CustomerAttributes: tuple[str | None, ...] | msgspec.UnsetType = msgspec.UNSET
    CustomerAttribute: str | msgspec.UnsetType = msgspec.UNSET


class Form(NamedTuple):
    """How rows are told: with which attributes, in one text or not, with ids as text or not, in which order."""

    names: tuple[str, ...] = ()
    joined_by: str | None = None
    ids_as_text: bool = False
    backwards: bool = False


class Block(NamedTuple):
    """Neighbouring rows as one JSON array, and where each row starts in it, with the end as one more start."""

    text: bytes
    starts: "array[int]"

    @property
    def size(self) -> int:
        """Bytes that it occupies."""
        return len(self.text) + self.starts.itemsize * len(self.starts)

    def rows(self, start: int, stop: int) -> memoryview:
        """Some of the rows, with commas between them."""
        return memoryview(self.text)[self.starts[start] : self.starts[stop] - 1]


class Pages:
    """The rows of all campaigns of a sandbox."""

    def __init__(self, audience: Audience, cache_bytes: int = CACHE_BYTES) -> None:
        """Start with an empty cache that may grow to `cache_bytes`."""
        self._audience = audience
        self._blocks: OrderedDict[tuple[int, int, int, Form], Block] = OrderedDict()
        self._room = cache_bytes

    def page(self, execution: Execution, people: Customers, skip: int, top: int, form: Form) -> bytes:
        """Up to `top` rows from row `skip` on, as a JSON array; `[]` past the end.

        `people` must be the customers as they were when the campaign was announced: pages are kept.
        """
        count = len(execution.campaign.customers)
        stop = min(skip + top, count)
        if skip >= stop:
            return b"[]"
        if skip % ROWS_PER_PAGE == 0 and stop == min(skip + ROWS_PER_PAGE, count):
            return self._block(execution, people, skip // ROWS_PER_PAGE, form).text
        parts: list[bytes | memoryview] = []
        for number in range(skip // ROWS_PER_PAGE, (stop - 1) // ROWS_PER_PAGE + 1):
            first = number * ROWS_PER_PAGE
            block = self._block(execution, people, number, form)
            parts += [b"," if parts else b"[", block.rows(max(skip - first, 0), min(stop - first, ROWS_PER_PAGE))]
        return b"".join((*parts, b"]"))

    def _block(self, execution: Execution, people: Customers, number: int, form: Form) -> Block:
        key = (execution.campaign.plan.campaign, execution.part.channel, number, form)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        block = self._blocks[key] = self._render(execution, people, number * ROWS_PER_PAGE, form)
        self._room -= block.size
        while self._room < 0:
            self._room += self._blocks.popitem(last=False)[1].size
        return block

    def _render(self, execution: Execution, people: Customers, start: int, form: Form) -> Block:
        everybody = execution.campaign.customers
        customers = (everybody[::-1] if form.backwards else everybody)[start : start + ROWS_PER_PAGE]
        times = {split.send_at: sql_time(split.send_at) for split in execution.part.splits}
        splits = execution.splits(customers)
        columns = [
            map(self._audience.id_of, customers),
            [str(split.template) if form.ids_as_text else split.template for split in splits],
            [times[split.send_at] for split in splits],
        ]
        if form.names:
            columns += _attributes(people, customers, form)
        return _block(_encode_lines(list(map(SendDetails, *columns))))


def _attributes(people: Customers, customers: Sequence[int], form: Form) -> list[Any]:
    """One column or, where the attributes are one text, an empty one and one of these texts."""
    values = _values(people, customers, form.names)
    if form.joined_by is None:
        return [values]
    joined_by = form.joined_by
    return [[msgspec.UNSET] * len(values), [joined_by.join(text or "" for text in row) for row in values]]


def _values(people: Customers, customers: Sequence[int], names: tuple[str, ...]) -> list[tuple[str | None, ...]]:
    """Of neighbours all at once; of those who are left over from a clearance one by one."""
    if not isinstance(customers, range):
        return [tuple(people.values(customer, names)) for customer in customers]
    ascending = customers[:: customers.step]
    rows = list(zip(*people.columns(ascending.start, ascending.stop, names), strict=True))
    return rows[:: customers.step]


def _block(lines: bytes) -> Block:
    """Turn encoded rows, one a line, into a block: JSON holds no line break inside a row."""
    lengths = (len(line) + 1 for line in lines[:-1].split(b"\n"))
    return Block(b"[%b]" % lines[:-1].replace(b"\n", b","), array("I", accumulate(lengths, initial=1)))
