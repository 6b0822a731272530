"""The dialects of the mail relay: what relays and mailbox providers do differently."""

from sendproof_simulators.core.dialects import Dialect, Option

ONE_CLICK, SENDER = "one_click", "sender"
_RETURN_PATH = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"

DIALECTS = (
    Dialect(
        name=SENDER,
        question="Must the envelope sender and From be addresses at the domain that the client has verified?",
        options=(
            Option(
                value="verified",
                meaning="yes, or at a domain below it: a message from others is refused with 550 5.7.1",
                evidence="documented",
                source=f"{_RETURN_PATH} (From, Source, Sender and Return-Path)",
            ),
            Option(
                value="any",
                meaning="no",
                evidence="assumed",
                source="a mail server of the client's own",
            ),
        ),
    ),
    Dialect(
        name=ONE_CLICK,
        question="Must a message have the headers of a one-click unsubscription?",
        options=(
            Option(
                value="required",
                meaning="yes: a message without them is refused with 550 5.7.1",
                evidence="documented",
                source="https://support.google.com/a/answer/81126 (senders of more than 5,000 messages a day)",
            ),
            Option(
                value="optional",
                meaning="no; recipients of a message without them cannot unsubscribe from it",
                evidence="documented",
                source="https://www.rfc-editor.org/rfc/rfc2369 (every field is optional)",
            ),
        ),
    ),
)
