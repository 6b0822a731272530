"""Reading the values of responses, which may have any form: no document guarantees that of a live service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec

from sendproof_bridge.outbound.errors import OutcomeUnknownError

# Two million rows: more than any account's templates, opt-outs or messages of a day.
MAX_PAGES = 2_000
_MAX_INTEGER = 2**63 - 1

# A number that `whole_number` accepts, in the form of a response.
WholeNumber = Annotated[int, msgspec.Meta(ge=-_MAX_INTEGER, le=_MAX_INTEGER)]


@contextmanager
def values_of(service: str) -> Iterator[None]:
    """Raise `OutcomeUnknownError` where values of the service's responses have an unknown form."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        raise OutcomeUnknownError(f"{service}: the response has an unknown form: {problem!r}") from problem


def pages(operation: str) -> Iterator[int]:
    """Yield the numbers of pages; raise `OutcomeUnknownError` if a list does not end."""
    yield from range(MAX_PAGES)
    raise OutcomeUnknownError(f"{operation}: expected a list of at most {MAX_PAGES:,} pages, got one without an end")


def whole_number(value: object) -> int:
    """Return a number that a database can store; raise `TypeError`, `ValueError` or `OverflowError` for others."""
    number: int = int(value)  # type: ignore[call-overload]  # any other type is a TypeError
    if abs(number) > _MAX_INTEGER:
        raise ValueError(f"expected a number of at most 64 bits, got {number:.3e}")
    return number
