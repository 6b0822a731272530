"""The dialects of the mail relay: what relays and mailbox providers do differently."""

from sendproof_simulators.core.dialects import Dialect, Option

ONE_CLICK = "one_click"

DIALECTS = (
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
