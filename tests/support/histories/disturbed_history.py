"""Histories of bridges that make any number of mistakes, drawn from a seed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

from history_builder import HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_simulators.core.randomness import KeyedRandom

#: Offsets of a send time, on both sides of each limit.
OFFSETS = (-HOUR, -2 * SECOND, -SECOND, -1, 0, MINUTE, 5 * MINUTE, 5 * MINUTE + 1, HOUR, 25 * HOUR)
REASONS = ("opted_out", "cancelled", "control_group", "suppressed", "unusable_number")

T = TypeVar("T")


class Draws:
    """Choices that depend on a seed alone."""

    def __init__(self, seed: int) -> None:
        self._random, self._numbers = KeyedRandom(seed), count()

    def choice(self, items: Sequence[T]) -> T:
        return items[self._random.below(len(items), next(self._numbers))]


Disturbance = Callable[[list[Line], Draws], None]


def disturb(builder: HistoryBuilder, seed: int, mistakes: int) -> HistoryBuilder:
    """Return the history with some mistakes of the bridge, and with some other expectations."""
    draws, lines = Draws(seed), [dict(line) for line in builder.lines]
    for _ in range(mistakes):
        draws.choice(DISTURBANCES)(lines, draws)
    return replace(builder, lines=tuple(lines))


def _of_kind(lines: Iterable[Line], kind: str) -> list[Line]:
    return [line for line in lines if line["kind"] == kind]


def _lose(lines: list[Line], draws: Draws) -> None:
    lines.remove(draws.choice(_of_kind(lines, "delivery")))


def _repeat(lines: list[Line], draws: Draws) -> None:
    delivery = draws.choice(_of_kind(lines, "delivery"))
    lines.append(delivery | {"message": f"{delivery['message']}-{len(lines)}"})


def _delay(lines: list[Line], draws: Draws) -> None:
    delivery = draws.choice(_of_kind(lines, "delivery"))
    delivery["send_at"] = iso(parse_instant(str(delivery["send_at"])) + draws.choice(OFFSETS))


def _exchange(field: str) -> Disturbance:
    def exchange(lines: list[Line], draws: Draws) -> None:
        one, other = (draws.choice(_of_kind(lines, "delivery")) for _ in range(2))
        one[field], other[field] = other[field], one[field]

    return exchange


def _damage_text(lines: list[Line], draws: Draws) -> None:
    delivery = draws.choice(_of_kind(lines, "delivery"))
    delivery["text"] = draws.choice([str(delivery["text"]).replace("e", "é"), "Something else"])


def _spell_number(lines: list[Line], draws: Draws) -> None:
    delivery = draws.choice(_of_kind(lines, "delivery"))
    delivery["number"] = "0" + str(delivery["number"])[-10:]


def _forbid(lines: list[Line], draws: Draws) -> None:
    draws.choice(_of_kind(lines, "obligation")).update(owed=False, reason=draws.choice(REASONS))


def _share_number(lines: list[Line], draws: Draws) -> None:
    one, other = (draws.choice(_of_kind(lines, "obligation")) for _ in range(2))
    one["number"] = other["number"]
    one["text"] = draws.choice([one["text"], other["text"]])


def _test_only(lines: list[Line], draws: Draws) -> None:
    draws.choice(_of_kind(lines, "delivery"))["test"] = True


def _opt_out(lines: list[Line], draws: Draws) -> None:
    delivery = draws.choice(_of_kind(lines, "delivery"))
    at = parse_instant(str(delivery["send_at"])) + draws.choice(OFFSETS) - 13 * HOUR
    frame = {"n": 0, "at": iso(at), "real": 0.0, "service": "textlocal", "number": delivery["number"]}
    lines.append({"kind": draws.choice(["opt_out", "opt_out", "opt_in"]), **frame})


DISTURBANCES: tuple[Disturbance, ...] = (
    _lose,
    _repeat,
    _delay,
    _exchange("number"),
    _exchange("text"),
    _exchange("send_at"),
    _damage_text,
    _spell_number,
    _forbid,
    _share_number,
    _test_only,
    _opt_out,
)
