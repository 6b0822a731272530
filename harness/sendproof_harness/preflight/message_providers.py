"""Checks of every service: its address and its credentials.

Each service gets requests that change nothing: one without credentials, whose refusal identifies the service, then one
with each set of credentials.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.handover.format import PLATFORM, Service
from sendproof_harness.judge.findings import Blame
from sendproof_harness.preflight.context import FORBIDDEN, OK, UNAUTHORIZED, PreflightContext
from sendproof_harness.preflight.http import HttpResponse, host_and_port
from sendproof_harness.preflight.results import PreflightResult, Status, ok, unknown, wrong
from sendproof_harness.providers import provider
from sendproof_harness.providers.record import PreflightProbe, ProbeRequest

_REFUSED = frozenset({UNAUTHORIZED, FORBIDDEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServiceProbe:
    """The requests that identify a service and try its credentials, and the meaning of their responses.

    `expected_refusal` describes the refusal in messages. Each of `credential_sets` suffices alone.
    """

    expected_refusal: str
    request_anonymously: Callable[[PreflightContext, Service], HttpResponse]
    is_refusal: Callable[[HttpResponse], bool]
    credential_sets: tuple[tuple[str, ...], ...]
    request_authenticated: Callable[[PreflightContext, Service, Mapping[str, str]], HttpResponse]
    credential_status: Callable[[HttpResponse], Status]


def check_addresses(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that each service responds at its URL, and that it is the expected service."""
    for service in _required_services(context):
        yield _address_result(context, service, _service_probe(service.name))


def check_credentials(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that each service accepts the credentials of the handover."""
    for service in _required_services(context):
        probe = _service_probe(service.name)
        if probe is None:
            subject, expected = f"credentials of {service.name}", "a harmless request that tries them"
            yield unknown(subject, expected, f"no known request of {service.name}", "try them manually")
        else:
            yield from _credential_results(context, service, probe)


def _required_services(context: PreflightContext) -> tuple[Service, ...]:
    return context.handover.platform, *context.handover.carriers


def _address_result(context: PreflightContext, service: Service, probe: _ServiceProbe | None) -> PreflightResult:
    subject, correct_url = f"address of {service.name}", f"correct services.{service.name}.url"
    if host_and_port(service.url) is None:
        return wrong(subject, "an http or https URL", repr(service.url)[:100], correct_url)
    expected = "a response" if probe is None else probe.expected_refusal
    if probe is None:
        response = context.client.request("GET", service.url)
    else:
        response = probe.request_anonymously(context, service)
    if response.status is None:
        action = f"start {service.name}, or {correct_url}"
        return wrong(subject, expected, f"{response.text} at {service.url}", action, "network")
    if probe is None:
        action = f"verify manually that this is {service.name}, which the doctor does not know"
        return unknown(subject, expected, response.summary, action)
    if probe.is_refusal(response):
        return ok(subject, expected, f"status {response.status} from {service.url}")
    action = f"{correct_url}: another service responds there"
    return wrong(subject, expected, f"{response.summary} from {service.url}", action)


def _credential_results(context: PreflightContext, service: Service, probe: _ServiceProbe) -> Iterator[PreflightResult]:
    complete = [names for names in probe.credential_sets if all(service.credentials.get(name) for name in names)]
    if not complete:
        expected = " or ".join(" and ".join(names) for names in probe.credential_sets)
        got = ", ".join(service.credentials) or "nothing"
        action = f"complete services.{service.name}.credentials"
        yield wrong(f"credentials of {service.name}", expected, got, action)
    for names in complete:
        yield _credential_result(context, service, probe, names)


def _credential_result(
    context: PreflightContext, service: Service, probe: _ServiceProbe, names: tuple[str, ...]
) -> PreflightResult:
    subject, correct = f"{' and '.join(names)} of {service.name}", f"correct services.{service.name}.credentials"
    credentials = {name: service.credentials[name] for name in names}
    # Other characters are not possible in a header, and would raise an exception in the HTTP client.
    if not all(value.isascii() and value.isprintable() for value in credentials.values()):
        return wrong(subject, "printable ASCII", "other characters", correct)
    response = probe.request_authenticated(context, service, credentials)
    status = probe.credential_status(response)
    if status == "ok":
        return ok(subject, "accepted credentials", "accepted")
    if status == "wrong":
        return wrong(subject, "accepted credentials", response.summary, f"{correct}, or have them enabled")
    blame: Blame = "network" if response.status is None else "config"
    expected, action = "a response that accepts or refuses them", "try again, or try them manually"
    return unknown(subject, expected, response.summary, action, blame)


def _service_probe(name: str) -> _ServiceProbe | None:
    """Return the probe of a service, or None for an unknown service."""
    if name == PLATFORM:
        return _optimove_probe()
    probe = provider(name).preflight
    return None if probe is None else _provider_probe(probe)


def _optimove_probe() -> _ServiceProbe:
    return _ServiceProbe(
        expected_refusal="a refusal of a request without a key",
        request_anonymously=_request_optimove_anonymously,
        is_refusal=lambda response: response.status in _REFUSED,
        credential_sets=(("api_key",),),
        request_authenticated=_request_optimove,
        credential_status=_credential_status,
    )


def _request_optimove_anonymously(context: PreflightContext, service: Service) -> HttpResponse:
    del service
    return context.client.request("GET", context.function_url("general/GetLastDataUpdate"))


def _request_optimove(context: PreflightContext, service: Service, credentials: Mapping[str, str]) -> HttpResponse:
    """Request ApiKeyInfo, or a function that all third parties may call."""
    del service, credentials
    response = context.optimove("apikey/ApiKeyInfo")
    return response if response.status == OK else context.optimove("general/GetLastDataUpdate")


def _credential_status(response: HttpResponse) -> Status:
    return "ok" if response.status == OK else "wrong" if response.status in _REFUSED else "unknown"


def _provider_probe(probe: PreflightProbe) -> _ServiceProbe:
    return _ServiceProbe(
        expected_refusal=probe.expected_refusal,
        request_anonymously=lambda context, service: _send(context, service, probe.anonymous),
        is_refusal=probe.is_refusal,
        credential_sets=probe.credential_sets,
        request_authenticated=lambda context, service, credentials: _send(
            context, service, probe.authenticated(credentials)
        ),
        credential_status=probe.credential_status,
    )


def _send(context: PreflightContext, service: Service, request: ProbeRequest) -> HttpResponse:
    url = f"{service.url.rstrip('/')}{request.path}"
    return context.client.request(
        request.method, url, query=request.query, headers=request.headers, form=request.form, body=request.body
    )
