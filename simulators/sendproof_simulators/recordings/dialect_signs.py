"""The dialects that recorded traffic shows: for each open question, the options that agree with all calls.

A sign is a function from a call to the options that it agrees with; an empty result means nothing. Most questions are
only answered by some calls, so a recording without these calls leaves them open.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sendproof_simulators.core.dialects import Dialect
from sendproof_simulators.recordings.known_contracts import KnownContracts
from sendproof_simulators.recordings.optimove_signs import OPTIMOVE
from sendproof_simulators.recordings.provider_signs import METRICS, PROVIDERS
from sendproof_simulators.recordings.recorded_call import CALLBACK, RecordedCall
from sendproof_simulators.recordings.shown_call import ShownCall

Sign = Callable[[ShownCall], Iterable[str]]

#: By service and dialect: the function that reads a call.
SIGNS: Mapping[str, Mapping[str, Sign]] = {"optimove": OPTIMOVE, "optimove-metrics": METRICS, **PROVIDERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a recording shows about one dialect. `options` agree with all calls; several: it is not decided.

    No option: the calls contradict each other, or there was no call that shows it (`calls` is 0). `first` is the number
    of the first call that shows it.
    """

    dialect: str
    default: str
    options: tuple[str, ...] = ()
    calls: int = 0
    first: int = 0

    @property
    def option(self) -> str:
        """The option that the traffic shows, empty if it shows none or several."""
        return self.options[0] if len(self.options) == 1 else ""

    @property
    def is_contradictory(self) -> bool:
        """True if no option agrees with all calls."""
        return bool(self.calls) and not self.options


def observe(known: KnownContracts, calls: Sequence[RecordedCall]) -> list[Observation]:
    """Return what the calls show about each dialect of the services that they belong to."""
    shown = [*_shown_calls(known, calls)]
    services = {call.service for call in shown}
    return [
        _observation(f"{service}.{dialect.name}", dialect, SIGNS.get(service, {}).get(dialect.name), shown)
        for service in known.services
        if service in services
        for dialect in known.services[service].simulator.dialects
    ]


def changed_dialects(observations: Iterable[Observation]) -> Mapping[str, frozenset[str]]:
    """Return, by service, the dialects that the traffic shows with another option than the default."""
    found: dict[str, set[str]] = {}
    for observation in observations:
        service, _, name = observation.dialect.partition(".")
        if observation.calls and observation.default not in observation.options:
            found.setdefault(service, set()).add(name)
    return {service: frozenset(names) for service, names in found.items()}


def _observation(name: str, dialect: Dialect, sign: Sign | None, shown: Sequence[ShownCall]) -> Observation:
    service = name.partition(".")[0]
    possible = {option.value for option in dialect.options}
    numbers: list[int] = []
    for call in shown if sign is not None else ():
        agreeing = {*sign(call)} if sign is not None and call.service == service else set[str]()
        if agreeing:
            possible &= agreeing
            numbers.append(call.number)
    options = tuple(option.value for option in dialect.options if option.value in possible) if numbers else ()
    first = min(numbers, default=0)
    return Observation(dialect=name, default=dialect.default, options=options, calls=len(numbers), first=first)


def _shown_calls(known: KnownContracts, calls: Sequence[RecordedCall]) -> Iterator[ShownCall]:
    for call in calls:
        match = known.find(call)
        if match is None or not (call.request_body_known and call.response_body_known):
            continue
        if match.role == CALLBACK:
            yield ShownCall(service=match.known.simulator.name, operation="", is_callback=True, call=call)
            continue
        request = match.known.canonical(replace(call.request, path=match.path))
        found = match.known.contract.find_operation(request)
        name = "" if found is None else found[0].id
        shown = replace(call, request=request)
        yield ShownCall(service=match.known.simulator.name, operation=name, is_callback=False, call=shown)
