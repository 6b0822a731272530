"""Choosing the message of each recipient whose record changed: it is that of one recipient only.

Recipients take turns: first those for whom no message would be a mistake, and of these first the messages in time. One
who finds all fitting messages taken gets one if the others can move to further messages.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

# Milliseconds from due to sent.
_SPANS = ("BETWEEN -1000 AND 300000", ">= -1000", "IS NOT NULL")
_Options = Mapping[int, Sequence[int]]


def choose(database: sqlite3.Connection) -> None:
    """Fill the table `given` from the table `possible`."""
    taken: dict[int, int] = {}
    for needed, span in product((1, 0), _SPANS):
        options: defaultdict[int, list[int]] = defaultdict(list)
        for recipient, delivery in database.execute(_OPTIONS.format(span=span)):
            options[recipient].append(delivery)
        for (recipient,) in database.execute(_TURNS, (needed,)):
            if recipient not in taken.values():
                taken.update(_moves(options, taken, recipient))
    database.executemany(_GIVEN, [(recipient, delivery) for delivery, recipient in taken.items()])


_OPTIONS = "SELECT id, delivery FROM possible WHERE slack {span} ORDER BY id, slack < -1000, ABS(slack), delivery"
_TURNS = "SELECT DISTINCT id FROM possible WHERE needed = ? ORDER BY due, id"
_GIVEN = "INSERT INTO given SELECT id, choice FROM possible WHERE id = ? AND delivery = ?"


def _moves(options: _Options, taken: Mapping[int, int], recipient: int) -> Mapping[int, int]:
    """Return who takes which delivery, in the fewest moves after which one more has one; nothing if there are none."""
    seen: set[int] = set()
    plans: list[tuple[int, dict[int, int]]] = [(recipient, {})]
    for mover, plan in plans:
        for delivery in options.get(mover, ()):
            if delivery in seen:
                continue
            seen.add(delivery)
            longer = plan | {delivery: mover}
            if delivery not in taken:
                return longer
            plans.append((taken[delivery], longer))
    return {}
