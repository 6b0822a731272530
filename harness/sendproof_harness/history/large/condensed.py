"""Reading the lines of a large history that condense it, as its index names them."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, cast

import msgspec

from sendproof_harness.history.alike import Alike
from sendproof_harness.history.large.customer_index import CustomerIndex
from sendproof_harness.history.reader import decode_header, record_decoder, relate_records
from sendproof_harness.history.records import (
    FIELD_OF,
    Attributes,
    Delivery,
    History,
    Interactions,
    Line,
    Obligation,
    Preference,
)

# Lines without this are no obligations; it saves decoding them.
_OBLIGATION = b'"obligation"'


def read_condensed(path: Path, index: CustomerIndex, singly: int | None = None) -> History:
    """Return the condensed history of a file. The customer at the place `singly` is kept, too."""
    representatives = array("i", index.representatives)
    place_at = dict(zip(array("q", index.kept_offsets), array("i", index.kept_places), strict=True))
    if singly is not None:
        representatives[singly] = singly
        place_at |= dict.fromkeys(index.lines_of(singly), singly)
    offsets = sorted([*place_at, *array("q", index.other_offsets)])
    records, alike = _read_lines(path, offsets, place_at, Counter(representatives), frozenset(index.strangers))
    with path.open("rb") as file:
        header = decode_header(file.readline())
    relate_records(header, records)
    fields: dict[str, Any] = {field: tuple(of_field) for field, of_field in records.items()}
    places = array("i", sorted(set(representatives)))
    positions = {place: position for position, place in enumerate(places)}
    alike = Alike(
        customers=alike.customers,
        messages=alike.messages,
        named=index.named,
        accepted=index.accepted,
        representatives=array("i", map(positions.__getitem__, representatives)),
        places=places,
    )
    read_all = partial(_read_obligations, path, len(representatives))
    return History(
        header=header, seal=index.seal, entries=index.entries, alike=alike, read_obligations=read_all, **fields
    )


def _read_obligations(path: Path, count: int) -> Iterator[Obligation]:
    """Yield all obligations of a file."""
    decode = record_decoder()
    with path.open("rb", buffering=1 << 20) as file:
        records = (decode(line) for line in file if _OBLIGATION in line)
        yield from islice((record for record in records if isinstance(record, Obligation)), count)


def _read_lines(
    path: Path,
    offsets: Sequence[int],
    place_at: Mapping[int, int],
    counts: Mapping[int, int],
    strangers: Container[str],
) -> tuple[defaultdict[str, list[Line]], Alike]:
    """Return the records at these offsets by field of `History`, and the number of customers that each represents.

    A line that names customers keeps those among them, and those without an obligation.
    """
    records: defaultdict[str, list[Line]] = defaultdict(list)
    customers, messages = dict[str, int](), dict[str, int]()
    decode = record_decoder()
    with path.open("rb") as file:
        for offset in offsets:
            file.seek(offset)
            record = decode(file.readline())
            count = counts.get(place_at.get(offset, -1), 1)
            if isinstance(record, Obligation):
                customers[record.customer] = count
            elif isinstance(record, Delivery):
                messages[record.message] = count
            elif isinstance(record, Interactions | Preference):
                kept = tuple(name for name in record.customers if name in customers or name in strangers)
                msgspec.structs.force_setattr(record, "customers", kept)
            elif isinstance(record, Attributes):
                changes = tuple(
                    change for change in record.changes if change.customer in customers or change.customer in strangers
                )
                msgspec.structs.force_setattr(record, "changes", changes)
            records[FIELD_OF[type(record)]].append(cast("Line", record))
    return records, Alike(customers=_several(customers), messages=_several(messages))


def _several(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {name: count for name, count in counts.items() if count > 1}
