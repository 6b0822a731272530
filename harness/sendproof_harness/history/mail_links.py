"""The links of e-mails that lead where the links of the due texts do.

A bridge may add parameters to the links of an e-mail to count visits. If its provider reports no clicks, it may also
send the reader over a page of its own that forwards to the link. So a link of a bridge counts as the due one if it has
more parameters, or contains the whole due link, percent-encoded or not. A link by a code, such as `/r/a8Xk`, does not:
no one but the vendor knows where it leads.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from sendproof_harness.history.links import leads_to
from sendproof_harness.history.records import Delivery, Obligation, Rejection

# The text of an e-mail has the target of each link behind it in brackets; a value in a target may have brackets itself.
LINK = re.compile(r"(?<=\()https?://(?:[^()\n]|\([^()\n]*\))*(?=\))", re.IGNORECASE)
_EMAIL = "email"

Sent = TypeVar("Sent", Delivery, Rejection)


def with_due_links(obligations: Iterable[Obligation], sent: Sequence[Sent]) -> Sequence[Sent]:
    """Return the messages; a link of an e-mail that leads where a due link of its address does is replaced by it."""
    if not any(_has_links(message) for message in sent):
        return sent
    due = _due_links(obligations)
    return [_with_due_links(message, due.get(message.number, ())) for message in sent]


def other_links(text: str, due: str) -> list[str]:
    """Return the links of an e-mail that lead elsewhere, [] if it differs from the due text in more than links."""
    if LINK.sub("", text) != LINK.sub("", due):
        return []
    pairs = zip(LINK.findall(text), LINK.findall(due), strict=False)
    return [link for link, due_link in pairs if link != due_link]


def _has_links(message: Delivery | Rejection) -> bool:
    return message.message_type in {_EMAIL, None} and "@" in message.number and LINK.search(message.text) is not None


def _due_links(obligations: Iterable[Obligation]) -> dict[str, list[str]]:
    """Return the links that are due at each address, the longest first: one may be the beginning of another."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for obligation in obligations:
        texts = [(obligation.number, obligation.text)]
        texts += [(other.number, other.text) for other in obligation.alternatives]
        for number, text in texts:
            if number and text and "@" in number:
                found[number].update(LINK.findall(text))
    return {number: sorted(links, key=lambda link: (-len(link), link)) for number, links in found.items()}


def _with_due_links(message: Sent, due: Sequence[str]) -> Sent:
    def replaced(found: re.Match[str]) -> str:
        link = found[0]
        return link if link in due else next((other for other in due if leads_to(link, other)), link)

    text = LINK.sub(replaced, message.text) if due and _has_links(message) else message.text
    return message if text == message.text else msgspec.structs.replace(message, text=text)
