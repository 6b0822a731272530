"""Dialects: one answer each to one open question about a real API, switched sandbox by sandbox.

A service declares the questions that its simulator can answer in more than one way. A bridge that passes under
every answer does not depend on our guess.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One possible answer. `evidence` is documented, observed or assumed; `source` says by whom or where."""

    value: str
    meaning: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One open question, with the answers that are possible. The first answer is the default."""

    name: str
    question: str
    options: tuple[Option, ...]

    @property
    def default(self) -> str:
        return self.options[0].value


def choose(declared: Mapping[str, Iterable[Dialect]], wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Every dialect of every service (`optimove.empty_result`) with its answer: as wanted, or the default.

    `ValueError` names what is unknown, what was expected, and the nearest that there is.
    """
    known = {f"{service}.{dialect.name}": dialect for service, dialects in declared.items() for dialect in dialects}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"no dialect is named {name!r}{_nearest(name, known)}")
        values = [option.value for option in known[name].options]
        if value not in values:
            raise ValueError(f"dialect {name}: expected one of {', '.join(values)}, got {value!r}")
    return MappingProxyType({name: wanted.get(name, dialect.default) for name, dialect in known.items()})


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f", did you mean {found[0]!r}?" if found else "; list them with: sendproof dialects"
