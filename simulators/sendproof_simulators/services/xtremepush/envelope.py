"""From a method's plain values to the envelope that every answer is in.

documented: https://docs.xtremepush.com/docs/external-api-overview
"""

from collections.abc import Mapping

from sendproof_simulators.core.http import Response, json_response

_REFUSED_FROM = 400
_OK = 200


def envelope(dialects: Mapping[str, str], code: int, value: Mapping[str, object]) -> Response:
    """`value` with its code, as the body and, but for one dialect, as the HTTP status."""
    follows = dialects.get("http_status") != "always_200"
    return json_response({"code": code, "success": code < _REFUSED_FROM, **value}, code if follows else _OK)
