"""The dialects of Delivyr: open questions about its API, and the options of each."""

from sendproof_simulators.core.dialects import Dialect, Option
from sendproof_simulators.core.members import NULL_MEMBERS

_LOG = "https://docs.delivyr.net/docs/optimove"
_SEND = "https://docs.delivyr.net/docs/customer-io"
_OVERRIDES = "https://docs.delivyr.net/docs/optimove-triggered-overrides"

REJECTIONS, REPLY, TEN_DIGITS = "rejections", "reply", "ten_digits"
MISSING_VARIABLE, OVERRIDE_MERGE, UNKNOWN_TEMPLATE = "missing_variable", "override_merge", "unknown_template"


def _assumed(value: str, meaning: str, reason: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="assumed", source=reason)


DIALECTS = (
    Dialect(
        name="rejections",
        question="How is a message rejected (opted out, a wrong number, a phone that takes no SMS)?",
        options=(
            _assumed(
                "later",
                "it is accepted, and rejected two seconds later, by webhook and in the log",
                f"the reading of {_LOG}",
            ),
            _assumed("at_once", "the call is refused with 422, and the log has no entry", "as other services do"),
        ),
    ),
    Dialect(
        name="reply",
        question="Does the response to a send contain the id of the message?",
        options=(
            _assumed("with_id", "message_id and status", "as other services do"),
            _assumed("bare", "success only: number and template identify a receipt", f"{_SEND} shows no response"),
        ),
    ),
    Dialect(
        name="ten_digits",
        question="What happens to a number of ten digits without a country code, as in the sample of event 11?",
        options=(
            _assumed("rejected", "it is not E.164, so its format is incorrect", f"{_SEND} requires E.164"),
            _assumed("completed", "+1 is put before it", f"{_OVERRIDES} shows 9998887777 as a phone number"),
        ),
    ),
    Dialect(
        name="missing_variable",
        question="What happens to a send without a variable that the template has?",
        options=(
            _assumed(
                "refused",
                "the call is refused with 422, and the response names the variables",
                f"{_SEND} requires variables",
            ),
            _assumed(
                "blank", "the variable is replaced by nothing, and the message goes out", "as many template engines do"
            ),
        ),
    ),
    Dialect(
        name="unknown_template",
        question="Which status refuses a send from a template that does not exist?",
        options=(
            _assumed("404", "404, as for a message that does not exist", "as other services do"),
            _assumed("422", "422, as for a template without its variables", "the call exists, and its body is wrong"),
        ),
    ),
    Dialect(
        name="override_merge",
        question="How are triggered overrides merged over the message request?",
        options=(
            _assumed(
                "deep", "objects key by key: variables without an override stay", f"the word merged on {_OVERRIDES}"
            ),
            _assumed(
                "shallow", "each key of the overrides replaces its whole value", f"the word overwritten on {_OVERRIDES}"
            ),
        ),
    ),
    NULL_MEMBERS,
)
