"""All recipients of a history, also those whom others represent in a condensed one."""

from collections.abc import Iterator

from sendproof_harness.history.records import History, Obligation


def population(history: History) -> Iterator[tuple[Obligation, int]]:
    """Yield each obligation in order, with the position in `history.obligations` of the one that represents it.

    A cause that compares some recipients with all others needs them. They are read one by one, and not kept.
    """
    kept, alike = history.obligations, history.alike
    if history.read_obligations is None:
        yield from zip(kept, range(len(kept)), strict=True)
        return
    for place, (obligation, position) in enumerate(zip(history.read_obligations(), alike.representatives, strict=True)):
        yield (kept[position] if alike.place(position) == place else obligation), position
