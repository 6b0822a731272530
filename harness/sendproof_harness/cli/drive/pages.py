"""Lists of the control API, which come in pages with the newest first."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

#: The most items that one page can have.
MOST_PER_PAGE = 1_000

Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help="The newest ones to list.")]
Before = Annotated[
    int | None, typer.Option(min=1, help="Only those before this number: `next` of an earlier list in JSON.")
]
#: Returns a page `{"items", "next", "total"}` from `before` and `limit`.
Fetch = Callable[[int | None, int], dict[str, Any]]


def newest(fetch: Fetch, limit: int, before: int | None = None) -> dict[str, Any]:
    """Return as many of the newest items, over several pages if necessary: `{"items", "next", "total"}`.

    A page with a filter can be short, or even empty, although more follow.
    """
    items: list[Any] = []
    total = None
    while True:
        page = fetch(before, min(MOST_PER_PAGE, limit - len(items)))
        items += page["items"]
        before = page["next"]
        total = page["total"] if total is None else total
        if before is None or len(items) >= limit:
            return {"items": items, "next": before, "total": total}
