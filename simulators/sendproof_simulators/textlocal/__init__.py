"""A stateful stand-in of Textlocal: its command API, delivery receipts, templates and opt-outs."""

from sendproof_simulators.core.chance import Chance
from sendproof_simulators.provider import Provider
from sendproof_simulators.textlocal import handlers
from sendproof_simulators.textlocal.calls import credential_of, normalise
from sendproof_simulators.textlocal.errors import problem_reply
from sendproof_simulators.textlocal.state import NAME, new_state
from sendproof_simulators.textlocal.templates import TEMPLATES
from sendproof_simulators.textlocal.webhooks import on_timer

_KEY_LENGTH = 40


def _credentials(chance: Chance, sandbox: str) -> dict[str, str]:
    return {"apikey": chance.token(_KEY_LENGTH, NAME, "apikey", sandbox)}


PROVIDER = Provider(
    name=NAME,
    contract="textlocal.yaml",
    handlers=handlers,
    new_state=new_state,
    credentials=_credentials,
    default_credentials={"apikey": "sendproof-textlocal-key"},
    credential_of=credential_of,
    error=problem_reply,
    on_timer=on_timer,
    normalise=normalise,
    templates=TEMPLATES,
)
