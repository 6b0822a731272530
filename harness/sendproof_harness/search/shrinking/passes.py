"""The passes of shrinking, in the order of what they save: first customers and virtual time, last words of texts."""

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import combinations, count
from typing import Any

from sendproof_harness.scenario.document import Document, is_valid
from sendproof_harness.search.ddmin import minimize, smallest
from sendproof_harness.search.shrinking import customers, durations, edits, texts

#: Returns True if the bridge still fails with the document.
Fails = Callable[[Document], bool]
#: Returns the records of the customers at these positions.
Records = Callable[[Sequence[int]], Sequence[customers.Record]]

# Customers of a failure who are tried together. More of them hardly ever show what eight do not.
_MOST_INDIVIDUALS = 8
_MOST_TEXTS = 20
# Keys that only go together. Each combination is checked against the rules of scenario files, which takes no run.
_MOST_JOINT, _MOST_JOINT_SOUGHT = 3, 10
# Beyond this number, the messages of the other customers cost more than they can explain.
_MANY = 50


def shrink_once(document: Document, fails: Fails, failing: Sequence[int], records: Records) -> Document:
    """Return a document that is smaller, or the same one if nothing can go.

    `failing` are the positions of the customers whom the failure names, and `records` are theirs.
    """
    # They make a run unknown, and never fail one. A smaller scenario may not even name them.
    smaller = edits.without_keys(document, [("subjects",)]) if "subjects" in document else document
    smaller = fewer_customers(smaller, fails, failing, records)
    smaller = _fewer_faults(smaller, fails)
    # A failure without a customer, such as of the templates, may need no message at all.
    smaller = _fewer_sends(smaller, fails, needs_one=bool(failing))
    for shrink in (
        _fewer_steps,
        _single_channels,
        _single_splits,
        _own_announcements,
        _shorter_times,
        _fewer_keys,
        _fewer_templates,
    ):
        smaller = shrink(smaller, fails)
    return smaller


def polish(document: Document, fails: Fails) -> Document:
    """Return the document with shorter texts and fewer values of customers, once nothing else can go."""
    return _fewer_individual_keys(_shorter_texts(document, fails), fails)


def _first(document: Document, candidates: Iterable[Document], fails: Fails) -> Document:
    """Return the first candidate that still fails, or else the document."""
    return next((candidate for candidate in candidates if candidate != document and fails(candidate)), document)


def fewer_customers(document: Document, fails: Fails, failing: Sequence[int], records: Records) -> Document:
    """Return the document with as few customers as possible.

    First those whom the failure names, spelled out. If the failure needs others, too, such as a full page, then the
    first ones of the audience.
    """
    count = document["audience"]["customers"]
    if count <= 1:
        return document
    if "clients" not in document:
        spelled_out = _spelled_out(document, fails, failing, records)
        if spelled_out is not None:
            return spelled_out
    smaller = _fewer_first_customers(document, fails)
    return _fewer_due(smaller, fails, failing)


def _spelled_out(document: Document, fails: Fails, failing: Sequence[int], records: Records) -> Document | None:
    """Return the document with the fewest failing customers, spelled out; None if they do not fail alone."""
    count = document["audience"]["customers"]
    numbers = [number for number in (1, 2, 4, _MOST_INDIVIDUALS) if number < count]
    chosen = [index for index in failing if index < count][:_MOST_INDIVIDUALS]
    if not chosen:
        return None
    people = records(chosen)
    for number in dict.fromkeys(min(number, len(people)) for number in numbers):
        if fails(customers.with_individuals(document, people[:number])):
            kept = minimize(
                people[:number], lambda some: bool(some) and fails(customers.with_individuals(document, some))
            )
            return customers.with_individuals(document, kept)
    return None


def _fewer_first_customers(document: Document, fails: Fails) -> Document:
    """Return the document with the smallest number of first customers that still fails.

    If one customer more than whole pages is needed, two questions show it. Otherwise, the search begins with few.
    """
    count = document["audience"]["customers"]

    def fails_with(number: int) -> bool:
        return fails(customers.first_customers(document, number))

    for full in customers.whole_pages(count):
        if full + 1 == count or fails_with(full + 1):
            if not fails_with(full):
                return document if full + 1 == count else customers.first_customers(document, full + 1)
            count = full
            break
    smallest_count = _smallest_count(count, fails_with)
    is_smaller = smallest_count < document["audience"]["customers"]
    return customers.first_customers(document, smallest_count) if is_smaller else document


def _smallest_count(count: int, fails_with: Callable[[int], bool]) -> int:
    """Return the smallest number of customers that still fails, at most `count`, which does."""
    below = 0
    for number in customers.round_numbers(count):
        if fails_with(number):
            count = number
            break
        below = number
    while count - below > 1:
        middle = (below + count) // 2
        if fails_with(middle):
            count = middle
        else:
            below = middle
    return count


def _fewer_due(document: Document, fails: Fails, failing: Sequence[int]) -> Document:
    """Return the document with few due messages to many customers."""
    count = document["audience"]["customers"]
    if count <= _MANY:
        return document
    known = [index for index in failing if index < count][:1]
    tried: list[Collection[int]] = [known, [count - 1], [0, count - 1]]
    return _first(document, (customers.with_few_due(document, due) for due in tried if due), fails)


def _fewer_faults(document: Document, fails: Fails) -> Document:
    """Return the document with fewer faults: with none, with one at the first call, or without some."""
    if "faults" not in document:
        return document
    alone = _first(document, edits.single_faults(document), fails)
    return _fewer_items(alone, "faults", range(len(alone["faults"])), fails)


def _fewer_sends(document: Document, fails: Fails, *, needs_one: bool) -> Document:
    """Return the document with fewer campaigns and triggers, at least one if it `needs_one`."""
    known = edits.sends(document)

    def holds(some: Sequence[tuple[str, Any]]) -> bool:
        return (bool(some) or not needs_one) and fails(edits.with_sends(document, some))

    kept = minimize(known, holds)
    return document if len(kept) == len(known) else edits.with_sends(document, kept)


def _fewer_steps(document: Document, fails: Fails) -> Document:
    """Return the document with fewer steps. Without the first one, which waits for the bridge, no run begins."""
    joined = durations.with_joined_advances(document)
    smaller = _first(document, [joined], fails)
    removable = [index for index, step in enumerate(smaller["steps"]) if index and "plan" not in step]
    return _fewer_items(smaller, "steps", removable, fails)


def _fewer_templates(document: Document, fails: Fails) -> Document:
    return _fewer_items(document, "templates", edits.unused_templates(document), fails)


def _fewer_items(document: Document, key: str, removable: Sequence[int], fails: Fails) -> Document:
    """Return the document without as many of these items of a list as possible."""
    fixed = set(range(len(document.get(key, ())))) - set(removable)

    def without_others(some: Sequence[int]) -> dict[str, Any]:
        return edits.with_items(document, key, fixed.union(some))

    kept = minimize(removable, lambda some: fails(without_others(some)))
    return document if len(kept) == len(removable) else without_others(kept)


def _shorter_times(document: Document, fails: Fails) -> Document:
    """Return the document with shorter steps that let time pass, the longest first."""
    smaller = document
    for index in durations.advances(document):
        smaller = _shorter_time(smaller, index, fails)
    return smaller


def _shorter_time(document: Document, index: int, fails: Fails) -> Document:
    """Return the document with a shorter step. One test shows that it is short enough already, as in a second round."""
    ladder = durations.shorter_durations(document, index)
    if not ladder or not fails(durations.with_duration(document, index, ladder[-1])):
        return document
    found = smallest(ladder[:-1], lambda duration: fails(durations.with_duration(document, index, duration)))
    return durations.with_duration(document, index, ladder[-1] if found is None else found)


def _single_channels(document: Document, fails: Fails) -> Document:
    return _first(document, edits.single_channels(document), fails)


def _single_splits(document: Document, fails: Fails) -> Document:
    return _first(document, edits.single_splits(document), fails)


def _own_announcements(document: Document, fails: Fails) -> Document:
    return _first(document, edits.own_announcements(document), fails)


def _fewer_keys(document: Document, fails: Fails) -> Document:
    known = edits.optional_keys(document)

    def without_others(some: Sequence[edits.Path]) -> dict[str, Any]:
        return edits.without_keys(document, [path for path in known if path not in some])

    kept = minimize(known, lambda some: fails(without_others(some)))
    return _without_joint_keys(document if len(kept) == len(known) else without_others(kept), fails)


def _without_joint_keys(document: Document, fails: Fails) -> Document:
    """Return the document without keys that it must have together or not at all, so that no single one can go."""
    keys = edits.optional_keys(document)
    joint = [key for key in keys if not is_valid(edits.without_keys(document, [key]))]
    for number in range(2, _MOST_JOINT + 1):
        for some in combinations(joint[:_MOST_JOINT_SOUGHT], number):
            smaller = edits.without_keys(document, some)
            if is_valid(smaller) and fails(smaller):
                return _without_joint_keys(smaller, fails)
    return document


def _fewer_individual_keys(document: Document, fails: Fails) -> Document:
    known = edits.individual_keys(document)
    kept = minimize(known, lambda some: fails(edits.with_individual_keys(document, some)))
    return document if len(kept) == len(known) else edits.with_individual_keys(document, kept)


def _shorter_texts(document: Document, fails: Fails) -> Document:
    """Return the document with fewer words, after a few tests: if the length of a text matters, any word can go."""
    known, asked = texts.words(document), count(1)

    def holds(some: Sequence[tuple[int, int]]) -> bool:
        return next(asked) <= _MOST_TEXTS and fails(texts.with_words(document, some))

    kept = minimize(known, holds)
    return document if len(kept) == len(known) else texts.with_words(document, kept)
