"""The commands by name, as `x-handler` of the contract names them."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.commands import (
    bulk,
    groups,
    inboxes,
    scheduling,
    sending,
    short_links,
    status_queries,
)
from sendproof_simulators.services.textlocal.errors import NO_COMMAND, RefusalError
from sendproof_simulators.services.textlocal.responses import Answer, Fields, answered


def no_command(call: Call) -> Effects:
    """The bare address names no command (observed: the Python client textlocal on PyPI)."""
    return answered(call, _no_command)


def get_templates(call: Call) -> Effects:
    """Every template (observed: the typings of a TypeScript client of Textlocal)."""
    return answered(call, _templates)


def send(call: Call) -> Effects:
    """One text to many numbers (documented: http://api.txtlocal.com/docs/sendsms)."""
    return answered(call, sending.send)


def bulk_json(call: Call) -> Effects:
    """A text of its own to each number (documented: https://api.txtlocal.com/docs/bulkjson)."""
    return answered(call, bulk.bulk_json)


def status_message(call: Call) -> Effects:
    """One message (documented: https://api.txtlocal.com/docs/messagereporting/messagestatus)."""
    return answered(call, status_queries.status_message)


def status_batch(call: Call) -> Effects:
    """One batch (documented: https://api.txtlocal.com/docs/messagereporting/batchstatus)."""
    return answered(call, status_queries.status_batch)


def get_history_api(call: Call) -> Effects:
    """What went out (documented: https://api.txtlocal.com/docs/messagereporting/getapimessagehistory)."""
    return answered(call, status_queries.get_history_api)


def get_history_single(call: Call) -> Effects:
    """To numbers (documented: https://api.txtlocal.com/docs/messagereporting/getsinglemessagehistory)."""
    return answered(call, status_queries.get_history_single)


def get_history_group(call: Call) -> Effects:
    """To groups (documented: https://api.txtlocal.com/docs/messagereporting/getgroupmessagehistory)."""
    return answered(call, status_queries.get_history_group)


def get_history_email(call: Call) -> Effects:
    """By mail (documented: https://api.txtlocal.com/docs/messagereporting/getemailtosmsmessagehistory)."""
    return answered(call, status_queries.get_history_email)


def get_mms_history_api(call: Call) -> Effects:
    """Pictures (documented: https://api.txtlocal.com/docs/messagereporting/getapimmsmessagehistory)."""
    return answered(call, status_queries.get_history_email)


def get_scheduled(call: Call) -> Effects:
    """What waits (documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages)."""
    return answered(call, scheduling.get_scheduled)


def cancel_scheduled(call: Call) -> Effects:
    """What waits no longer (observed: https://github.com/scottybo/textlocal)."""
    return answered(call, scheduling.cancel_scheduled)


def get_inboxes(call: Call) -> Effects:
    """Where replies go (documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes)."""
    return answered(call, inboxes.get_inboxes)


def get_messages(call: Call) -> Effects:
    """The replies (documented: https://api.txtlocal.com/docs/inboundmessages/getmessages; the rows are assumed)."""
    return answered(call, inboxes.get_messages)


def check_keyword(call: Call) -> Effects:
    """Whether it is free (observed: https://github.com/scottybo/textlocal; the reply is assumed)."""
    return answered(call, inboxes.check_keyword)


def create_shorturl(call: Call) -> Effects:
    """A short link (observed: the Python client textlocal-pro on PyPI; the reply is assumed)."""
    return answered(call, short_links.create_shorturl)


def get_sender_names(call: Call) -> Effects:
    """The approved names (observed: the typings of a TypeScript client of Textlocal)."""
    return answered(call, _sender_names)


def balance(call: Call) -> Effects:
    """The credits (observed: https://github.com/scottybo/textlocal)."""
    return answered(call, _balance)


def create_group(call: Call) -> Effects:
    """An empty group (documented: http://api.textlocal.in/docs/contactmanagement/creategroup)."""
    return answered(call, groups.create_group)


def get_groups(call: Call) -> Effects:
    """Every group (observed: https://github.com/lindar-open/textlocal-java-client)."""
    return answered(call, groups.get_groups)


def delete_group(call: Call) -> Effects:
    """For good (documented: http://api.textlocal.in/docs/contactmanagement/deletegroup)."""
    return answered(call, groups.delete_group)


def get_contacts(call: Call) -> Effects:
    """A page of contacts (documented: https://api.textlocal.in/docs/contactmanagement/getcontacts)."""
    return answered(call, groups.get_contacts)


def create_contacts(call: Call) -> Effects:
    """Numbers only (documented: https://api.txtlocal.com/docs/contactmanagement/createcontacts)."""
    return answered(call, groups.create_contacts)


def create_contacts_bulk(call: Call) -> Effects:
    """With names (documented: https://api.txtlocal.com/docs/contactmanagement/bulkcreatecontacts)."""
    return answered(call, groups.create_contacts_bulk)


def delete_contact(call: Call) -> Effects:
    """For good (observed: https://github.com/shailahir/textlocal-api)."""
    return answered(call, groups.delete_contact)


def get_optouts(call: Call) -> Effects:
    """Who must not be sent to (observed: https://github.com/scottybo/textlocal; the reply is assumed)."""
    return answered(call, groups.get_optouts)


def _no_command(call: Call, fields: Fields) -> Answer:
    del call, fields
    raise RefusalError(NO_COMMAND)


def _templates(call: Call, fields: Fields) -> Answer:
    del fields
    rows = [
        {
            "id": t.id,
            "title": t.title,
            "body": t.body,
            "senderName": call.state.settings.default_sender,
            "isMyDND": False,
        }
        for t in call.state.templates.values()
    ]
    return Answer(value={"templates": rows}, summary={"templates": len(rows)})


def _balance(call: Call, fields: Fields) -> Answer:
    del fields
    mms = {} if call.context.dialects["variant"] == "india" else {"mms": 0}
    return Answer(value={"balance": {"sms": call.state.credits, **mms}})


def _sender_names(call: Call, fields: Fields) -> Answer:
    del fields
    settings = call.state.settings
    return Answer(value={"default_sender_name": settings.default_sender, "sender_names": settings.sender_names})
