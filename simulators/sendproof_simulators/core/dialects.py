"""Dialects: named settings for open questions about a real API, set for each sandbox. Their values are options.

A service declares a dialect for each question to which its simulator supports several answers. A bridge that passes
with every option does not depend on our assumption.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sendproof_simulators.core.suggestions import suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One value of a dialect. `evidence` is documented, observed or assumed; `source` names the page or client."""

    value: str
    meaning: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One open question, with its options. The first option is the default."""

    name: str
    question: str
    options: tuple[Option, ...]

    @property
    def default(self) -> str:
        return self.options[0].value


#: The option of each dialect of one service, by the dialect's name without the service (`empty_result`).
Options = Mapping[str, str]


def defaults(dialects: Iterable[Dialect]) -> Options:
    """Return the default option of each dialect."""
    return {dialect.name: dialect.default for dialect in dialects}


def choose(declared: Mapping[str, Iterable[Dialect]], wanted: Mapping[str, str]) -> Mapping[str, Options]:
    """Return the options of each service: those of `wanted`, by full name (`optimove.empty_result`), or the defaults.

    `ValueError` names the unknown dialect or option, the possible ones, and the nearest.
    """
    known = {f"{service}.{dialect.name}": dialect for service, dialects in declared.items() for dialect in dialects}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"no dialect is named {name!r}; {suggestion(name, known, command='sendproof dialects')}")
        values = [option.value for option in known[name].options]
        if value not in values:
            raise ValueError(f"dialect {name}: expected one of {', '.join(values)}, got {value!r}")
    return {
        service: MappingProxyType({d.name: wanted.get(f"{service}.{d.name}", d.default) for d in dialects})
        for service, dialects in declared.items()
    }


def changed_dialects(dialects: Iterable[Dialect], options: Options) -> frozenset[str]:
    """Return the names of the dialects of a service that do not have their default."""
    return frozenset(dialect.name for dialect in dialects if options[dialect.name] != dialect.default)
