"""The dialects of Xtremepush: open questions about its API, and the options of each."""

from sendproof_simulators.core.dialects import Dialect, Option
from sendproof_simulators.core.members import NULL_MEMBERS

_CODES = "https://support.xtremepush.com/hc/en-us/articles/115001058185-External-API-Responses-Status-Error-Codes"
_EXECUTE = "https://docs.xtremepush.com/reference/campaign-execute"
_EXECUTE_OLD = (
    "https://support.xtremepush.com/hc/en-us/articles/207958935-Template-Campaigns-triggered-executed-via-API"
)
_IMPORT = "https://docs.xtremepush.com/reference/user-profile-import"
_HOOKS = "https://docs.xtremepush.com/docs/webhooks-integration"
_DEVICES = "https://docs.xtremepush.com/reference/push-list-device"
_NONE = "nothing is published or observed"


def _option(value: str, meaning: str, evidence: str = "assumed", source: str = _NONE) -> Option:
    return Option(value=value, meaning=meaning, evidence=evidence, source=source)


DIALECTS = (
    Dialect(
        name="http_status",
        question="Is the HTTP status of a response its code?",
        options=(
            _option("follows_code", "the status is the code", "documented", _CODES),
            _option("always_200", "the status is always 200, and only the body has the code", "assumed", _CODES),
        ),
    ),
    Dialect(
        name="execution",
        question="Is execute/campaign asynchronous by default?",
        options=(
            _option("async", "a response means that the call is valid; messages follow", "documented", _EXECUTE),
            _option("sync", "the messages are accepted before the response is sent"),
        ),
    ),
    Dialect(
        name="target_by",
        question="What identifies a target without target_by?",
        options=(
            _option("id", "Xtremepush's own id", "documented", _EXECUTE_OLD),
            _option("user_id", "the client's id for the user"),
        ),
    ),
    Dialect(
        name="max_targets",
        question="How many targets may one execute/campaign have?",
        options=(
            _option("10000", "the maximum number of rows of an import"),
            _option("1000", "a thousand"),
            _option("100", "a hundred"),
            _option("none", "any number that fits into a body"),
        ),
    ),
    Dialect(
        name="subscription_name",
        question="What is the name of the SMS subscription?",
        options=(
            _option(
                "each_its_own",
                "mobile_subscription in execute/campaign, sms_subscription in import/profile",
                "documented",
                f"{_EXECUTE} and {_IMPORT}",
            ),
            _option("either", "both names, in both calls"),
            _option("sms_subscription", "sms_subscription in both calls"),
            _option("mobile_subscription", "mobile_subscription in both calls"),
        ),
    ),
    Dialect(
        name="missing_variable",
        question="What happens to a text with a variable that has no value?",
        options=(
            _option("not_personalized", "it is not sent, and has an error that the page shows", "assumed", _DEVICES),
            _option("empty", "it is sent, and the variable is replaced by nothing"),
        ),
    ),
    Dialect(
        name="webhook_signature",
        question="How is a signed payload signed?",
        options=(
            _option("sha256_hex", "the HMAC-SHA256 of the body with the secret, in hexadecimal digits"),
            _option("sha256_base64", "the HMAC-SHA256 of the body with the secret, in Base64"),
            _option("sha1_hex", "the HMAC-SHA1 of the body with the secret, in hexadecimal digits"),
            _option("key", "the secret itself: the page says that the key sent must match", "assumed", _HOOKS),
        ),
    ),
    Dialect(
        name="failure_event",
        question="Is a webhook called for a message that could not be delivered?",
        options=(
            _option("message_error", "yes, with this event"),
            _option("none", "no; only list/message reports it", "assumed", _HOOKS),
        ),
    ),
    # The contract documents the flag `inbox` and its content, and no page says who has an inbox. Both options leave a
    # bridge the same work, so this is a dialect and no `unknown`: the project decides who is due a message.
    Dialect(
        name="inbox_users",
        question="Who gets an inbox message?",
        options=(
            _option("profiles", "every user with a profile, also one without the app"),
            _option("devices", "users with a device or a browser, whether it accepts notifications or not"),
        ),
    ),
    Dialect(
        name="rate_limit",
        question="Is there a rate limit?",
        options=(
            _option("none", "no: none is published"),
            _option("50_per_second", "yes: more than 50 calls per second are refused with 429", "assumed", _CODES),
        ),
    ),
    NULL_MEMBERS,
)
