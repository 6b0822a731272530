"""A simulator of `saveEvent`, with which external vendors report engagement to Optimove. README.md has its quirks."""

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Proof, SandboxContext, Simulator
from sendproof_simulators.services.optimove_metrics import handlers, signing
from sendproof_simulators.services.optimove_metrics.dialects import DIALECTS
from sendproof_simulators.services.optimove_metrics.limits import read_limits
from sendproof_simulators.services.optimove_metrics.responses import problem_response
from sendproof_simulators.services.optimove_metrics.state import NAME, State

_DEFAULT_CREDENTIALS = {"tenant_id": "1001", "tenant_token": "sendproof-tenant-token"}


def _new_credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    tenant = 10**9 + random.below(10**12, NAME, "tenant", sandbox)
    return {"tenant_id": str(tenant), "tenant_token": random.token(40, NAME, "token", sandbox)}


def _base_path(context: SandboxContext) -> str:
    """Return the prefix of every path, in place of the tenant's host: see `signing.strip_host_prefix`."""
    return f"/{context.dialects['host']}-{context.credentials[NAME]['tenant_id']}"


def _authorize(state: State, request: Request, credential: str, now: Instant) -> Problem | None:
    del credential, now
    return signing.check_signature(state.token, request, is_minified=state.is_minified)


SIMULATOR = Simulator(
    name=NAME,
    contract="optimove-metrics.yaml",
    handlers=handlers,
    new_state=State,
    credentials=_new_credentials,
    default_credentials=_DEFAULT_CREDENTIALS,
    extract_credential=signing.called_tenant,
    credential_place="metric-TENANT_ID in front of the path",
    proof=Proof(name=signing.SIGNATURE_HEADER, matches=signing.is_signed_by, signed_with="tenant_token"),
    # The token is never sent, so it identifies no request.
    public=frozenset({"tenant_token"}),
    authorize=_authorize,
    error=problem_response,
    normalise=signing.strip_host_prefix,
    base_path=_base_path,
    case_insensitive=True,
    read_limits=read_limits,
    dialects=DIALECTS,
    overview=lambda state, now: state.overview(now),
    engagement=lambda state, campaign: state.campaign_counts(campaign),
)
