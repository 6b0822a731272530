"""What became of messages, and who is known: `list/message`, `list/push-devices`, `list/profile`.

documented: https://docs.xtremepush.com/reference/push-list-device. observed: list/message in a TypeScript client that
reads Xtremepush reports, list/profile in https://github.com/clientIO/appmixer-connectors.
"""

from collections.abc import Iterable, Sequence

from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.messages.executions import DEVICE_FIELDS, ROW_FIELDS
from sendproof_simulators.services.xtremepush.methods.list_query import Row, listed
from sendproof_simulators.services.xtremepush.project.profiles import Profile
from sendproof_simulators.services.xtremepush.responses import Answer

_PROFILE_FIELDS = tuple(Profile(id=0, user_id="", created=0).system())


def list_message(call: Call) -> Answer:
    """A row for each message."""
    return _rows(call, (row for action in call.state.actions.values() for row in action.rows()), ROW_FIELDS)


def list_push_devices(call: Call) -> Answer:
    """A row for each message to each device; a profile is the one device of its SMS."""
    rows = (row for action in call.state.actions.values() for row in action.device_rows())
    return _rows(call, rows, DEVICE_FIELDS)


def list_profile(call: Call) -> Answer:
    """A row for each profile."""
    return _rows(call, (profile.system() for profile in call.state.profiles), _PROFILE_FIELDS)


def _rows(call: Call, rows: Iterable[Row], fields: Sequence[str]) -> Answer:
    found = listed(rows, fields, call.body)
    return Answer(value={"data": found}, summary={"rows": len(found)})
