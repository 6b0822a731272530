"""A simulator of `saveEvent`, with which external vendors report engagement to Optimove. Its oddities: README.md."""

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Simulator
from sendproof_simulators.services.optimove_metrics import handlers, signing
from sendproof_simulators.services.optimove_metrics.dialects import DIALECTS
from sendproof_simulators.services.optimove_metrics.responses import error
from sendproof_simulators.services.optimove_metrics.state import NAME, State

_DEFAULTS = {"tenant_id": "1001", "tenant_token": "sendproof-tenant-token"}


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    tenant = 10**9 + random.below(10**12, NAME, "tenant", sandbox)
    return {"tenant_id": str(tenant), "tenant_token": random.token(40, NAME, "token", sandbox)}


def _base_path(context: SandboxContext) -> str:
    """The step before every path, in place of a host of the tenant's own: see `signing.at_host`."""
    return f"/{context.dialects['host']}-{context.credentials[NAME]['tenant_id']}"


def _admit(state: State, request: Request, shown: str, now: Instant) -> Problem | None:
    del shown, now
    return signing.check(state.token, request, minified=state.minified)


SIMULATOR = Simulator(
    name=NAME,
    contract="optimove-metrics.yaml",
    handlers=handlers,
    new_state=State,
    credentials=_credentials,
    default_credentials=_DEFAULTS,
    extract_credential=signing.tenant_of,
    # The token is never sent, so nobody is found by it.
    public=frozenset({"tenant_token"}),
    authorize=_admit,
    error=error,
    normalise=signing.at_host,
    base_path=_base_path,
    case_insensitive=True,
    dialects=DIALECTS,
    overview=lambda state, now: state.overview(now),
    engagement=lambda state, campaign: state.of_campaign(campaign),
)
