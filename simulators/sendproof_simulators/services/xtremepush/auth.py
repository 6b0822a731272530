"""The credential of a call: `apptoken`, a field of its body.

documented: https://docs.xtremepush.com/docs/external-api-overview
"""

import msgspec

from sendproof_simulators.core.http import Request


class _Credential(msgspec.Struct):
    """The only field that is decoded before the sandbox of a call is known: an import may have a million values."""

    apptoken: str | None = None


_decode_credential = msgspec.json.Decoder(_Credential).decode


def extract_credential(request: Request) -> str | None:
    """Return the token of a call, or None if the body has none or cannot be decoded."""
    try:
        return _decode_credential(request.body).apptoken
    except (ValueError, RecursionError):
        return None
