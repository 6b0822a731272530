"""The commands about groups and contacts. The source of each rule is in `openapi/textlocal.yaml`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from urllib.parse import unquote_plus

import msgspec

from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.contacts import CONTACTS, OPT_OUTS, Details
from sendproof_simulators.services.textlocal.country_rules import number_in
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.responses import Answer, Fields

CONTACTS_MOST = 1_500
_PAGE = 100


class BulkContact(msgspec.Struct, gc=False):
    """One of `contacts`."""

    number: str | int = ""
    first_name: str = ""
    last_name: str = ""
    custom1: str = ""
    custom2: str = ""
    custom3: str = ""

    def details(self) -> Details:
        """All but the number; None when that is all."""
        given = {name: getattr(self, name) for name in _DETAILS}
        return given if any(given.values()) else None


_DETAILS = ("first_name", "last_name", "custom1", "custom2", "custom3")
_NO_DETAILS: Mapping[str, str] = dict.fromkeys(_DETAILS, "")
_decode = msgspec.json.Decoder(list[BulkContact]).decode


def create_group(call: Call, fields: Fields) -> Answer:
    """Make an empty group."""
    return Answer(value={"group": {"id": call.state.contacts.create(fields["name"]), "name": fields["name"]}})


def get_groups(call: Call, fields: Fields) -> Answer:
    """Every group with its size."""
    del fields
    groups = [{"id": id_, "name": name, "size": size} for id_, name, size in call.state.contacts.groups()]
    return Answer(value={"num_groups": len(groups), "groups": groups})


def delete_group(call: Call, fields: Fields) -> Answer:
    """Delete a group for good."""
    call.state.contacts.delete(fields["group_id"])
    return Answer(value={})


def get_contacts(call: Call, fields: Fields) -> Answer:
    """A page of a group, or the one contact with a number."""
    members = call.state.contacts.members(fields["group_id"])
    if "number" in fields:
        number = _member(call.context, fields["number"])
        members = {number: members[number]} if number is not None and number in members else {}
    start, limit = fields.get("start", 0), fields.get("limit", _PAGE)
    page = islice(members.items(), min(start, len(members)), min(start + limit, len(members)))
    said = {"group_id": fields["group_id"], "start": start, "limit": limit, "num_contacts": len(members)}
    return Answer(value={**said, "contacts": _listed(page)})


def create_contacts(call: Call, fields: Fields) -> Answer:
    """Add numbers to a group; those that are none are left out with a warning."""
    given = [number for number in map(str.strip, fields["numbers"].split(",")) if number]
    if not given:
        raise RefusalError(errors.NO_CONTACTS)
    most = int(call.context.dialects["contacts_most"])
    if len(given) > most:
        raise RefusalError(errors.TOO_MANY, f"{len(given)} of {most} at most")
    return _create(call, fields, [(number, None) for number in given], errors.BAD_CONTACTS)


def create_contacts_bulk(call: Call, fields: Fields) -> Answer:
    """Add contacts with names and custom values to a group."""
    text = fields["contacts"]
    try:
        # observed: the vendor's own class percent-encodes the JSON text once more.
        contacts = _decode(unquote_plus(text) if text.startswith("%") else text)
    except errors.UNREADABLE as error:
        raise RefusalError(errors.BAD_JSON, str(error)) from error
    if len(contacts) > CONTACTS_MOST:
        raise RefusalError(errors.TOO_MANY, f"{len(contacts)} of {CONTACTS_MOST} at most")
    given = [(str(contact.number), contact.details()) for contact in contacts]
    return _create(call, fields, given, errors.BAD_OR_DUPLICATE)


def delete_contact(call: Call, fields: Fields) -> Answer:
    """Take a number out of a group for good."""
    group, member = fields.get("group_id", CONTACTS), _member(call.context, fields["number"]) or ""
    call.state.contacts.remove(group, member)
    return Answer(value={"group_id": group, "number": _shown(member)})


def get_optouts(call: Call, fields: Fields) -> Answer:
    """Every number that must not be sent to. The shape is assumed."""
    if call.context.dialects["optouts_reply"] == "contacts":
        return get_contacts(call, {**fields, "group_id": OPT_OUTS})
    numbers = [{"number": int(number)} for number in call.state.contacts.opt_outs]
    return Answer(value={"num_optouts": len(numbers), "optouts": numbers})


def _create(call: Call, fields: Fields, given: Sequence[tuple[str, Details]], code_if_none: int) -> Answer:
    group = fields.get("group_id", CONTACTS)
    created: dict[str, Details] = {}
    left_out: list[str] = []
    for text, details in given:
        member = _member(call.context, text) if text else None
        if member is None or member in created:
            left_out.append(text)
        else:
            created[member] = details
    call.state.contacts.name_of(group)
    if not created:
        raise RefusalError(code_if_none)
    entries = call.state.contacts.add(group, created, call.operation.removesuffix("_get"))
    said = {"group_id": group, "num_contacts": len(created), "contacts": _listed(created.items())}
    return Answer(value={**said, **_warned(left_out)}, entries=entries)


def _member(context: SandboxContext, text: str) -> str | None:
    """What a contact is known by: its number, or where that is spoken, a customer's id."""
    if context.dialects["template_send"] == "brochure" and context.audience.index_of(text) is not None:
        return text
    return number_in(context, text)


def _shown(member: str) -> int | str:
    return int(member) if member.isdigit() else member


def _warned(numbers: Sequence[str]) -> dict[str, object]:
    warning = {"code": errors.INVALID_NUMBER, "message": "Invalid number", "numbers": ",".join(numbers)}
    return {"warnings": [warning]} if numbers else {}


def _listed(contacts: Iterable[tuple[str, Details]]) -> list[dict[str, object]]:
    return [{"number": _shown(member), **(details or _NO_DETAILS)} for member, details in contacts]
