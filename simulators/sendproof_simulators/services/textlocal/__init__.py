"""A stateful simulator of Textlocal: its command API, delivery receipts, templates and opt-outs."""

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Simulator
from sendproof_simulators.services.textlocal import handlers
from sendproof_simulators.services.textlocal.account.imported_customers import expected_message
from sendproof_simulators.services.textlocal.account.preview import preview
from sendproof_simulators.services.textlocal.account.settings import SETTINGS
from sendproof_simulators.services.textlocal.account.templates import TEMPLATES
from sendproof_simulators.services.textlocal.dialects import DIALECTS
from sendproof_simulators.services.textlocal.limits import read_limits
from sendproof_simulators.services.textlocal.messages.message_store import message_status
from sendproof_simulators.services.textlocal.messages.webhooks import EVENTS, on_timer
from sendproof_simulators.services.textlocal.request_normalization import (
    extract_credential,
    hash_of,
    normalise,
    username_of,
)
from sendproof_simulators.services.textlocal.responses import problem_response
from sendproof_simulators.services.textlocal.state import NAME, new_state

_KEY_LENGTH, _PASSWORD_LENGTH = 40, 16


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    password = random.token(_PASSWORD_LENGTH, NAME, "password", sandbox)
    return {"apikey": random.token(_KEY_LENGTH, NAME, "apikey", sandbox), **_login(password)}


def _login(password: str) -> dict[str, str]:
    hash_ = hash_of(password)
    return {"username": username_of(hash_), "hash": hash_, "password": password}


SIMULATOR = Simulator(
    name=NAME,
    contract="textlocal.yaml",
    handlers=handlers,
    new_state=new_state,
    credentials=_credentials,
    default_credentials={"apikey": "sendproof-textlocal-key", **_login("sendproof-textlocal-password")},
    # A password only proves something together with its user name, and is no key.
    public=frozenset({"username", "password"}),
    extract_credential=extract_credential,
    credential_place="apikey in the query or the form",
    error=problem_response,
    on_timer=on_timer,
    events=EVENTS,
    webhook_contract="textlocal-receipts.yaml",
    normalise=normalise,
    read_limits=read_limits,
    dialects=DIALECTS,
    templates=TEMPLATES,
    settings=SETTINGS,
    expected_message=expected_message,
    preview=preview,
    message_status=lambda state, message, now: message_status(state.store, message, now),
)
