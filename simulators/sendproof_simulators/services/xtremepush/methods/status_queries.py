"""Lists of messages and profiles: `list/message`, `list/push-devices`, `list/profile`.

documented: https://docs.xtremepush.com/reference/push-list-device. observed: list/message in a TypeScript client that
reads Xtremepush reports, list/profile in https://github.com/clientIO/appmixer-connectors.
"""

from collections.abc import Iterable, Sequence

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.messages.executions import DEVICE_FIELDS, ROW_FIELDS
from sendproof_simulators.services.xtremepush.methods.list_query import Row, query_rows
from sendproof_simulators.services.xtremepush.project.profiles import Profile
from sendproof_simulators.services.xtremepush.responses import MethodResult, method

_PROFILE_FIELDS = tuple(Profile(id=0, user_id="", created=0).system_attributes())


@method
def list_message(call: Call) -> MethodResult:
    """List messages (observed: a TypeScript client that reads Xtremepush reports)."""
    rows = (row for execution in call.state.executions.values() for row in execution.rows())
    return _list_result(call, rows, ROW_FIELDS)


@method
def list_push_devices(call: Call) -> MethodResult:
    """List messages by device; a profile is the only device of its SMS.

    documented: https://docs.xtremepush.com/reference/push-list-device
    """
    rows = (row for execution in call.state.executions.values() for row in execution.device_rows())
    return _list_result(call, rows, DEVICE_FIELDS)


@method
def list_profile(call: Call) -> MethodResult:
    """List profiles (observed: https://github.com/clientIO/appmixer-connectors)."""
    rows = (profile.system_attributes() for profile in call.state.profiles)
    return _list_result(call, rows, _PROFILE_FIELDS)


def _list_result(call: Call, rows: Iterable[Row], fields: Sequence[str]) -> MethodResult:
    found = query_rows(rows, fields, call.with_defaults)
    return MethodResult(value={"data": found}, effects=Effects(summary={"rows": len(found)}))
