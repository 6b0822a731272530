"""What nobody says about Delivyr, and the options of each."""

from sendproof_simulators.core.dialects import Dialect, Option

_LOG = "https://docs.delivyr.net/docs/optimove"
_SEND = "https://docs.delivyr.net/docs/customer-io"
_OVERRIDES = "https://docs.delivyr.net/docs/optimove-triggered-overrides"

REJECTIONS, REPLY, TEN_DIGITS = "rejections", "reply", "ten_digits"
MISSING_VARIABLE, OVERRIDE_MERGE = "missing_variable", "override_merge"


def _assumed(value: str, meaning: str, why: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="assumed", source=why)


DIALECTS = (
    Dialect(
        name="rejections",
        question="How does one hear that a message is rejected: opted out, a wrong number, a phone that takes no SMS?",
        options=(
            _assumed(
                "later", "it is taken, and rejected two seconds later, by webhook and in the log", f"as {_LOG} reads"
            ),
            _assumed("at_once", "the call is refused with 422, and nothing is in the log", "how other services do it"),
        ),
    ),
    Dialect(
        name="reply",
        question="Does the reply to a send carry the id of the message?",
        options=(
            _assumed("with_id", "message_id and status", "how other services do it"),
            _assumed("bare", "success only: receipts are told apart by number and template", f"{_SEND} shows no reply"),
        ),
    ),
    Dialect(
        name="ten_digits",
        question="What becomes of a number of ten digits without a country code, as in the sample of event 11?",
        options=(
            _assumed("rejected", "it is no E.164, so it is in an incorrect format", f"{_SEND} asks for E.164"),
            _assumed("completed", "+1 is put before it", f"{_OVERRIDES} shows 9998887777 as a phone number"),
        ),
    ),
    Dialect(
        name="missing_variable",
        question="What if a send leaves out a variable that the template has?",
        options=(
            _assumed("refused", "the call is refused with 422 and names the variables", f"{_SEND} requires variables"),
            _assumed("blank", "nothing stands in its place, and the message goes out", "as many template engines do"),
        ),
    ),
    Dialect(
        name="override_merge",
        question="How are triggered overrides merged over the message request?",
        options=(
            _assumed(
                "deep", "objects key by key: variables that are not overridden stay", f"merged, says {_OVERRIDES}"
            ),
            _assumed(
                "shallow", "each key of the overrides replaces its whole value", f"overwritten, says {_OVERRIDES}"
            ),
        ),
    ),
)
