"""Commands about the account itself: templates, sender names and balance; and the call without a command."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.errors import NO_COMMAND, ApiError
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command


@command
def no_command(call: Call, fields: Fields) -> CommandResult:
    """Refuse a call to the base URL, which names no command (observed: the Python client textlocal on PyPI)."""
    del call, fields
    raise ApiError(NO_COMMAND)


@command
def get_templates(call: Call, fields: Fields) -> CommandResult:
    """List every template (observed: the typings of a TypeScript client of Textlocal)."""
    del fields
    rows = [
        {
            "id": template.id,
            "title": template.title,
            "body": template.body,
            "senderName": call.state.settings.default_sender,
            "isMyDND": False,
        }
        for template in call.state.templates.values()
    ]
    return CommandResult(value={"templates": rows}, effects=Effects(summary={"templates": len(rows)}))


@command
def get_sender_names(call: Call, fields: Fields) -> CommandResult:
    """List the approved sender names (observed: the typings of a TypeScript client of Textlocal)."""
    del fields
    settings = call.state.settings
    return CommandResult(value={"default_sender_name": settings.default_sender, "sender_names": settings.sender_names})


@command
def balance(call: Call, fields: Fields) -> CommandResult:
    """Return the remaining credits (observed: https://github.com/scottybo/textlocal)."""
    del fields
    mms = {} if call.context.dialects["variant"] == "india" else {"mms": 0}
    return CommandResult(value={"balance": {"sms": call.state.credits, **mms}})
