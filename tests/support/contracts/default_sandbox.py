"""The default sandbox of `sendproof up --examples`, and the requests of the contracts' examples to it."""

from urllib.parse import urlencode

from local_simulators import Reply, send_to
from sendproof_simulators.reference.examples import ExampleRequest
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.default_sandbox import DefaultSandbox
from sendproof_simulators.services.optimove_metrics import SIMULATOR as METRICS
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, sign
from sendproof_simulators.services.xtremepush import SIMULATOR as XTREMEPUSH

SETTINGS = DefaultSandbox(seed=1, customers=1_000, allow_remote_webhooks=False, rate_limits=True, examples=True)
# The credentials of the default sandbox that are no part of an example.
HEADERS = {
    "delivyr": {"x-api-key": "sendproof-delivyr-key", "x-account-id": "sendproof-delivyr-account"},
    "optimove": {"x-api-key": "sendproof-optimove-admin-key"},
    "smtp": {"x-smtp-user": "sendproof-smtp-user", "x-smtp-password": "sendproof-smtp-password"},
}
PARAMETERS = {"textlocal": {"apikey": "sendproof-textlocal-key"}}
# Paths on the control port.
PREFIXES = {"control": "", "optimove-metrics": "/optimove-metrics/metric-1001"}


async def send_example(app: Simulators, service: str, example: ExampleRequest) -> Reply:
    """Send an example with the credentials of the default sandbox; sign it where the service demands that."""
    body = example.encoded().replace(b"YOUR_APPTOKEN", XTREMEPUSH.default_credentials["apptoken"].encode())
    headers = {"content-type": example.media} if body else {}
    headers |= {name.lower(): value for name, value in example.headers.items()}
    if example.needs_credential:
        headers |= HEADERS.get(service, {})
    if service == "optimove-metrics":
        headers[SIGNATURE_HEADER] = sign(body, METRICS.default_credentials["tenant_token"])
    path = PREFIXES.get(service, f"/{service}") + example.path
    query = urlencode({**example.query, **PARAMETERS.get(service, {})})
    return await send_to(app, example.method, path, query, headers, body)
