"""Every service: does it answer, is it what it is said to be, does it take the credentials.

Each is asked something that changes nothing: without credentials, to see who refuses; then with them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.handover.format import PLATFORM, Service
from sendproof_harness.judge.findings import Blame
from sendproof_harness.preflight.context import FORBIDDEN, OK, UNAUTHORIZED, PreflightContext
from sendproof_harness.preflight.http import HttpResponse, address_of
from sendproof_harness.preflight.results import PreflightResult, Status, ok, unknown, wrong
from sendproof_harness.providers import provider
from sendproof_harness.providers.record import PreflightProbe, ProbeRequest

_REFUSED = frozenset({UNAUTHORIZED, FORBIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How one service is told from others, and how its credentials are tried.

    `refuses` asks without credentials, `is_it` knows the answer by `sign`. `ways` are sets of credentials, each enough
    by itself; `tries` asks with one of them, `took` reads the answer.
    """

    sign: str
    refuses: Callable[[PreflightContext, Service], HttpResponse]
    is_it: Callable[[HttpResponse], bool]
    ways: tuple[tuple[str, ...], ...]
    tries: Callable[[PreflightContext, Service, Mapping[str, str]], HttpResponse]
    took: Callable[[HttpResponse], Status]


def addresses(patient: PreflightContext) -> Iterator[PreflightResult]:
    """Each service that is needed answers at its address, and is the one it is said to be."""
    for service in _needed(patient):
        yield _address(patient, service)


def credentials(patient: PreflightContext) -> Iterator[PreflightResult]:
    """Each service that is needed takes the credentials that were handed over."""
    for service in _needed(patient):
        known = _known(service.name)
        if known is None:
            yield unknown(
                f"credentials of {service.name}",
                "a harmless call that shows them",
                f"no such call is known of {service.name}",
                "try them by hand",
            )
            continue
        yield from _credentials(patient, service, known)


def _needed(patient: PreflightContext) -> tuple[Service, ...]:
    return patient.handed.platform, *patient.handed.carriers


def _address(patient: PreflightContext, service: Service) -> PreflightResult:
    about, known = f"address of {service.name}", _known(service.name)
    if address_of(service.url) is None:
        todo = f"correct services.{service.name}.url"
        return wrong(about, "an http or https address", repr(service.url)[:100], todo)
    answer = patient.calls.call("GET", service.url) if known is None else known.refuses(patient, service)
    sign = "an answer" if known is None else known.sign
    if answer.status is None:
        todo = f"start {service.name}, or correct services.{service.name}.url"
        return wrong(about, sign, f"{answer.text} at {service.url}", todo, "network")
    if known is None:
        return unknown(about, sign, answer.said, f"see that this is {service.name}: its ways are not known")
    if known.is_it(answer):
        return ok(about, sign, f"status {answer.status} from {service.url}")
    todo = f"correct services.{service.name}.url: something else answers there"
    return wrong(about, sign, f"{answer.said} from {service.url}", todo)


def _credentials(patient: PreflightContext, service: Service, known: Known) -> Iterator[PreflightResult]:
    ways = [way for way in known.ways if all(service.credentials.get(name) for name in way)]
    if not ways:
        wanted = " or ".join(" and ".join(way) for way in known.ways)
        got = ", ".join(service.credentials) or "nothing"
        todo = f"complete services.{service.name}.credentials"
        yield wrong(f"credentials of {service.name}", wanted, got, todo)
    for way in ways:
        yield _way(patient, service, known, way)


def _way(patient: PreflightContext, service: Service, known: Known, way: tuple[str, ...]) -> PreflightResult:
    about = f"{' and '.join(way)} of {service.name}"
    shown = {name: service.credentials[name] for name in way}
    # What cannot stand in a header cannot be a credential in one, and would end as an error of our own.
    if not all(value.isascii() and value.isprintable() for value in shown.values()):
        return wrong(about, "printable ASCII", "other characters", f"correct services.{service.name}.credentials")
    answer = known.tries(patient, service, shown)
    standing = known.took(answer)
    if standing == "ok":
        return ok(about, "credentials that are taken", "they were taken")
    if standing == "wrong":
        todo = f"correct services.{service.name}.credentials, or have them enabled"
        return wrong(about, "credentials that are taken", answer.said, todo)
    blame: Blame = "network" if answer.status is None else "config"
    return unknown(about, "an answer that shows it", answer.said, "try again, or try them by hand", blame)


# -- the services ------------------------------------------------------------------------------------


def _ask_optimove(patient: PreflightContext, service: Service) -> HttpResponse:
    del service
    return patient.calls.call("GET", patient.function_url("general/GetLastDataUpdate"))


def _show_optimove(patient: PreflightContext, service: Service, shown: Mapping[str, str]) -> HttpResponse:
    """ApiKeyInfo, or else a function of the list for third parties."""
    del service, shown
    answer = patient.optimove("apikey/ApiKeyInfo")
    return answer if answer.status == OK else patient.optimove("general/GetLastDataUpdate")


def _by_status(answer: HttpResponse) -> Status:
    return "ok" if answer.status == OK else "wrong" if answer.status in _REFUSED else "unknown"


def _platform() -> Known:
    return Known(
        sign="a refusal of who shows no key",
        refuses=_ask_optimove,
        is_it=lambda answer: answer.status in _REFUSED,
        ways=(("api_key",),),
        tries=_show_optimove,
        took=_by_status,
    )


def _provider(probe: PreflightProbe) -> Known:
    return Known(
        sign=probe.expected_refusal,
        refuses=lambda patient, service: _send(patient, service, probe.anonymous),
        is_it=probe.is_refusal,
        ways=probe.credential_sets,
        tries=lambda patient, service, shown: _send(patient, service, probe.authenticated(shown)),
        took=probe.credential_status,
    )


def _send(patient: PreflightContext, service: Service, request: ProbeRequest) -> HttpResponse:
    url = f"{service.url.rstrip('/')}{request.path}"
    return patient.calls.call(
        request.method, url, query=request.query, headers=request.headers, form=request.form, body=request.body
    )


def _known(name: str) -> Known | None:
    """Return how a service is recognized, None if nothing is known about it."""
    if name == PLATFORM:
        return _platform()
    probe = provider(name).preflight
    return None if probe is None else _provider(probe)
