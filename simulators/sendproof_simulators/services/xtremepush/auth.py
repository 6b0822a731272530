"""The credential of a call: `apptoken`, a field of its body.

documented: https://docs.xtremepush.com/docs/external-api-overview
"""

import msgspec

from sendproof_simulators.core.http import Request


class _Credential(msgspec.Struct):
    """All that is decoded of a body before it is known whose it is: an import may have a million values."""

    apptoken: str | None = None


_decode = msgspec.json.Decoder(_Credential).decode


def extract_credential(request: Request) -> str | None:
    """The token of a call, or None when there is none that can be read."""
    try:
        return _decode(request.body).apptoken
    except (ValueError, RecursionError):
        return None
