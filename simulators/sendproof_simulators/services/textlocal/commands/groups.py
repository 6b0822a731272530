"""Commands about groups, contacts and opt-outs. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.contacts import DETAILS, OPT_OUTS, Details
from sendproof_simulators.services.textlocal.account.imported_customers import known_customer, takes_customer_ids
from sendproof_simulators.services.textlocal.commands.send_fields import check_count, listed_numbers
from sendproof_simulators.services.textlocal.country_rules import to_number
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.json_fields import Members, decode_field, text_member
from sendproof_simulators.services.textlocal.responses import CommandResult, Fields, command


class BulkContact(msgspec.Struct, gc=False):
    """One item of the field `contacts`."""

    number: str | int = ""
    first_name: str = ""
    last_name: str = ""
    custom1: str = ""
    custom2: str = ""
    custom3: str = ""

    def details(self) -> Details:
        """Return all fields but the number, or None if they are all empty."""
        details = {name: getattr(self, name) for name in DETAILS}
        return details if any(details.values()) else None


_NO_DETAILS: Mapping[str, str] = dict.fromkeys(DETAILS, "")
_decoder = msgspec.json.Decoder(list[BulkContact])
_MEMBERS: Members = dict.fromkeys(("number", *DETAILS), text_member)


@command
def create_group(call: Call, fields: Fields) -> CommandResult:
    """Create an empty group (documented: http://api.textlocal.in/docs/contactmanagement/creategroup)."""
    return CommandResult(value={"group": {"id": call.state.contacts.create(fields["name"]), "name": fields["name"]}})


@command
def get_groups(call: Call, fields: Fields) -> CommandResult:
    """List every group with its size (observed: https://github.com/lindar-open/textlocal-java-client)."""
    del fields
    groups = [{"id": id_, "name": name, "size": size} for id_, name, size in call.state.contacts.groups()]
    return CommandResult(value={"num_groups": len(groups), "groups": groups})


@command
def delete_group(call: Call, fields: Fields) -> CommandResult:
    """Delete a group permanently (documented: http://api.textlocal.in/docs/contactmanagement/deletegroup)."""
    call.state.contacts.delete(fields["group_id"])
    return CommandResult(value={})


@command
def get_contacts(call: Call, fields: Fields) -> CommandResult:
    """Return a page of a group, or the one contact with a number.

    documented: https://api.textlocal.in/docs/contactmanagement/getcontacts
    """
    return _contacts_page(call, fields, fields["group_id"])


@command
def create_contacts(call: Call, fields: Fields) -> CommandResult:
    """Add numbers to a group; invalid ones are left out with a warning.

    documented: https://api.txtlocal.com/docs/contactmanagement/createcontacts
    """
    numbers = listed_numbers(fields["numbers"])
    if not numbers.total:
        raise ApiError(errors.NO_CONTACTS)
    check_count(numbers.total, call.context.limits.numbers[call.operation])
    return _add_contacts(call, fields, [(number, None) for number in numbers.first], errors.BAD_CONTACTS)


@command
def create_contacts_bulk(call: Call, fields: Fields) -> CommandResult:
    """Add contacts with names and custom values to a group.

    documented: https://api.txtlocal.com/docs/contactmanagement/bulkcreatecontacts
    """
    contacts = decode_field(fields["contacts"], _decoder, list[BulkContact], _MEMBERS)
    check_count(len(contacts), call.context.limits.contacts[call.operation])
    numbers_and_details = [(str(contact.number), contact.details()) for contact in contacts]
    return _add_contacts(call, fields, numbers_and_details, errors.BAD_OR_DUPLICATE)


@command
def delete_contact(call: Call, fields: Fields) -> CommandResult:
    """Remove a number from a group permanently (observed: https://github.com/shailahir/textlocal-api)."""
    group, member = fields["group_id"], _member(call, fields["number"]) or ""
    call.state.contacts.remove(group, member)
    return CommandResult(value={"group_id": group, "number": _member_json(member)})


@command
def get_optouts(call: Call, fields: Fields) -> CommandResult:
    """List every number that opted out (observed: https://github.com/scottybo/textlocal; the response is assumed)."""
    del fields
    if call.context.dialects["optouts_reply"] == "contacts":
        rows = call.context.limits.optouts_rows[call.operation]
        return _contacts_page(call, {"start": 0, "limit": rows}, OPT_OUTS)
    numbers = [{"number": int(number)} for number in call.state.contacts.opt_outs]
    return CommandResult(value={"num_optouts": len(numbers), "optouts": numbers})


def _contacts_page(call: Call, fields: Fields, group: int) -> CommandResult:
    members = call.state.contacts.members(group)
    if "number" in fields:
        number = _member(call, fields["number"])
        members = {number: members[number]} if number is not None and number in members else {}
    start, limit = fields["start"], fields["limit"]
    page = islice(members.items(), min(start, len(members)), min(start + limit, len(members)))
    counts = {"group_id": group, "start": start, "limit": limit, "num_contacts": len(members)}
    return CommandResult(value={**counts, "contacts": _contact_rows(page)})


def _add_contacts(
    call: Call, fields: Fields, contacts: Sequence[tuple[str, Details]], code_if_none: int
) -> CommandResult:
    """Add contacts, without invalid and repeated numbers; raise `ApiError` with `code_if_none` if none is left."""
    group = fields["group_id"]
    added: dict[str, Details] = {}
    left_out: list[str] = []
    for raw_number, details in contacts:
        member = _member(call, raw_number) if raw_number else None
        if member is None or member in added:
            left_out.append(raw_number)
        else:
            added[member] = details
    call.state.contacts.name_of(group)
    if not added:
        raise ApiError(code_if_none)
    entries = call.state.contacts.add(group, added, call.operation.removesuffix("_get"))
    value = {"group_id": group, "num_contacts": len(added), "contacts": _contact_rows(added.items())}
    return CommandResult(value={**value, **_warnings(call, left_out)}, effects=Effects(entries=entries))


def _member(call: Call, text: str) -> str | None:
    """Return the key of a contact: its number, or the id of an imported customer if the sandbox allows these."""
    if known_customer(call.context, call.state, text, call.now) is not None:
        return text
    return to_number(call.context, text)


def _member_json(member: str) -> int | str:
    return int(member) if member.isdigit() else member


def _warnings(call: Call, numbers: Sequence[str]) -> dict[str, object]:
    message = "Invalid number or unknown customer" if takes_customer_ids(call.context) else "Invalid number"
    warning = {"code": errors.INVALID_NUMBER, "message": message, "numbers": ",".join(numbers)}
    return {"warnings": [warning]} if numbers else {}


def _contact_rows(contacts: Iterable[tuple[str, Details]]) -> list[dict[str, object]]:
    return [{"number": _member_json(member), **(details or _NO_DETAILS)} for member, details in contacts]
