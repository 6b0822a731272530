"""The handlers of all operations of `textlocal.yaml`, by the names that its `x-handler` fields use."""

from sendproof_simulators.services.textlocal.commands.account import (
    balance,
    get_sender_names,
    get_templates,
    no_command,
)
from sendproof_simulators.services.textlocal.commands.bulk import bulk_json
from sendproof_simulators.services.textlocal.commands.groups import (
    create_contacts,
    create_contacts_bulk,
    create_group,
    delete_contact,
    delete_group,
    get_contacts,
    get_groups,
    get_optouts,
)
from sendproof_simulators.services.textlocal.commands.inboxes import check_keyword, get_inboxes, get_messages
from sendproof_simulators.services.textlocal.commands.scheduling import cancel_scheduled, get_scheduled
from sendproof_simulators.services.textlocal.commands.sending import send
from sendproof_simulators.services.textlocal.commands.short_links import create_shorturl
from sendproof_simulators.services.textlocal.commands.status_queries import (
    get_history_api,
    get_history_email,
    get_history_group,
    get_history_single,
    get_mms_history_api,
    status_batch,
    status_message,
)

__all__ = [
    "balance",
    "bulk_json",
    "cancel_scheduled",
    "check_keyword",
    "create_contacts",
    "create_contacts_bulk",
    "create_group",
    "create_shorturl",
    "delete_contact",
    "delete_group",
    "get_contacts",
    "get_groups",
    "get_history_api",
    "get_history_email",
    "get_history_group",
    "get_history_single",
    "get_inboxes",
    "get_messages",
    "get_mms_history_api",
    "get_optouts",
    "get_scheduled",
    "get_sender_names",
    "get_templates",
    "no_command",
    "send",
    "status_batch",
    "status_message",
]
