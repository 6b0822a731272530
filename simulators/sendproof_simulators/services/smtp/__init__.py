"""A stateful simulator of a mail relay: SMTP, notifications about bounces, and one-click unsubscriptions."""

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Proof, Simulator
from sendproof_simulators.services.smtp import handlers
from sendproof_simulators.services.smtp.auth import USER_HEADER, extract_credential, is_user_of
from sendproof_simulators.services.smtp.dialects import DIALECTS
from sendproof_simulators.services.smtp.limits import read_limits
from sendproof_simulators.services.smtp.notifications import EVENTS, message_status, on_timer
from sendproof_simulators.services.smtp.port import SMTP_ACCESS
from sendproof_simulators.services.smtp.replies import problem_response
from sendproof_simulators.services.smtp.settings import SETTINGS
from sendproof_simulators.services.smtp.state import NAME, PASSWORD, USER, new_state
from sendproof_simulators.services.smtp.templates import TEMPLATES

_USER_LENGTH, _PASSWORD_LENGTH = 12, 32


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    return {
        USER: random.token(_USER_LENGTH, NAME, USER, sandbox),
        PASSWORD: random.token(_PASSWORD_LENGTH, NAME, PASSWORD, sandbox),
    }


SIMULATOR = Simulator(
    name=NAME,
    contract="smtp.yaml",
    handlers=handlers,
    new_state=new_state,
    credentials=_credentials,
    default_credentials={USER: "sendproof-smtp-user", PASSWORD: "sendproof-smtp-password"},
    extract_credential=extract_credential,
    public=frozenset({USER}),
    proof=Proof(name=USER_HEADER, matches=is_user_of),
    error=problem_response,
    on_timer=on_timer,
    events=EVENTS,
    webhook_contract="smtp-webhooks.yaml",
    read_limits=read_limits,
    dialects=DIALECTS,
    templates=TEMPLATES,
    settings=SETTINGS,
    message_status=message_status,
    smtp=SMTP_ACCESS,
)
