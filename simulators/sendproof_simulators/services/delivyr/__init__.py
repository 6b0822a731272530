"""A stateful simulator of Delivyr: one message per call by template, a log, clicks, STOP, and its own integration."""

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Proof, Simulator
from sendproof_simulators.services.delivyr import handlers
from sendproof_simulators.services.delivyr.auth import ACCOUNT_HEADER, extract_credential, is_account_of
from sendproof_simulators.services.delivyr.dialects import DIALECTS
from sendproof_simulators.services.delivyr.limits import read_limits
from sendproof_simulators.services.delivyr.message_log import message_status
from sendproof_simulators.services.delivyr.optimove_integration import SETTINGS
from sendproof_simulators.services.delivyr.preview import preview
from sendproof_simulators.services.delivyr.responses import problem_response
from sendproof_simulators.services.delivyr.state import ACCOUNT, KEY, NAME, new_state
from sendproof_simulators.services.delivyr.templates import TEMPLATES
from sendproof_simulators.services.delivyr.webhooks import EVENTS, on_timer

_KEY_LENGTH, _ACCOUNT_LENGTH = 40, 12


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    return {
        KEY: random.token(_KEY_LENGTH, NAME, KEY, sandbox),
        ACCOUNT: random.token(_ACCOUNT_LENGTH, NAME, ACCOUNT, sandbox),
    }


SIMULATOR = Simulator(
    name=NAME,
    contract="delivyr.yaml",
    handlers=handlers,
    new_state=new_state,
    credentials=_credentials,
    default_credentials={KEY: "sendproof-delivyr-key", ACCOUNT: "sendproof-delivyr-account"},
    extract_credential=extract_credential,
    public=frozenset({ACCOUNT}),
    proof=Proof(name=ACCOUNT_HEADER, matches=is_account_of),
    error=problem_response,
    on_timer=on_timer,
    events=EVENTS,
    webhook_contract="delivyr-webhooks.yaml",
    read_limits=read_limits,
    dialects=DIALECTS,
    templates=TEMPLATES,
    settings=SETTINGS,
    preview=preview,
    message_status=message_status,
)
