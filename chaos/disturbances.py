"""Disturbances of the processes of a bridge, drawn from a seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

#: What can happen at a call of a worker, and at a webhook.
EFFECTS = {
    "call": ("kill", "kill", "kill another worker", "hang", "restart", "crash the database"),
    "webhook": ("kill", "kill", "restart", "crash the database"),
}
#: The number of calls and webhooks that every run has at least.
COUNTS = {"call": 16, "webhook": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """An effect before or after the nth call or webhook of a run."""

    effect: str
    kind: str
    nth: int
    when: str

    @property
    def kills_caller(self) -> bool:
        """True if no process waits for the response any more."""
        return self.effect == "kill"

    def __str__(self) -> str:
        return f"{self.effect} {self.when} {self.kind} {self.nth}"


def drawn(seed: int, number: int) -> Mapping[tuple[str, int], Disturbance]:
    """Return the disturbances of a seed by their places."""
    found: dict[tuple[str, int], Disturbance] = {}
    attempt = 0
    while len(found) < number:
        attempt += 1
        draw = f"{seed} {attempt}"
        kind = tuple(COUNTS)[draw_number(f"{draw} kind", len(COUNTS))]
        nth = 1 + draw_number(f"{draw} nth", COUNTS[kind])
        effect = EFFECTS[kind][draw_number(f"{draw} effect", len(EFFECTS[kind]))]
        when = ("before", "after")[draw_number(f"{draw} when", 2)]
        found.setdefault((kind, nth), Disturbance(effect=effect, kind=kind, nth=nth, when=when))
    return found


def draw_number(name: str, below: int) -> int:
    """Return a whole number below a limit: a pure function of its name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % below
