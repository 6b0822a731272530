"""The URL by which one recipient of one message unsubscribes, and the proof in it that the bridge made it.

Everyone who gets the message sees the URL, so it must not contain the client's token. The token signs it instead.
documented: the URL must be hard to forge (RFC 8058, section 6).
"""

import base64
import binascii
import hmac
import json

_SIGNATURE_BYTES = 16
_SIGNATURE_CHARACTERS = 22
_MOST_CHARACTERS = 1_000


def unsubscribe_url(receipt_url: str, recipient: str) -> str:
    """Return the URL for a recipient of the batch whose receipts arrive at `receipt_url`."""
    base, provider, client, token, batch = receipt_url.rsplit("/", 4)
    return f"{base.removesuffix('/webhooks')}/unsubscribe/{provider}/{client}/{_key(token, batch, recipient)}"


def read_key(token: str, key: str) -> tuple[str, str] | None:
    """Return batch and recipient of the key at the end of a URL; None if the bridge did not make it."""
    signature, payload = key[:_SIGNATURE_CHARACTERS], key[_SIGNATURE_CHARACTERS:]
    is_own = key.isascii() and len(key) <= _MOST_CHARACTERS and hmac.compare_digest(signature, _sign(token, payload))
    if not is_own:
        return None
    try:
        batch, recipient = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error):
        return None
    return batch, recipient


def _key(token: str, batch: str, recipient: str) -> str:
    payload = _encoded(json.dumps([batch, recipient], separators=(",", ":")).encode())
    return _sign(token, payload) + payload


def _sign(token: str, payload: str) -> str:
    return _encoded(hmac.digest(token.encode(), f"unsubscribe {payload}".encode(), "sha256")[:_SIGNATURE_BYTES])


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
