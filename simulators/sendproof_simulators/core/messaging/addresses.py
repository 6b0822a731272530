"""E-mail addresses as people and programs write them.

documented: the form, RFC 5321 (https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2, a local part of 64 characters,
a path of 256) and RFC 1035 (labels of 63). A local part in quotation marks and a domain in square brackets are left
out: no mail provider gives such addresses to people.
"""

import re

_MOST_CHARACTERS = 254
_LOCAL = r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")


def read_address(text: str | None) -> str | None:
    """Return an address in lower case and without spaces around it; None if it is no address.

    Only the domain ignores case by the standard, but no mail provider has two mailboxes that differ in case.
    """
    found = (text or "").strip()
    is_address = len(found) <= _MOST_CHARACTERS and _ADDRESS.fullmatch(found) is not None
    return found.lower() if is_address else None
