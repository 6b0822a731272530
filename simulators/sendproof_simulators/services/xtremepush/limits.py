"""The limits of `openapi/xtremepush.yaml` that the simulator enforces itself."""

from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class XtremepushLimits:
    """The limits of one sandbox. Lengths are in characters."""

    targets: int
    rows_at_once: int
    row_errors: int
    user_id_length: int
    title_length: int
    text_length: int
    html_length: int
    webhook_retries: RetryPolicy


def read_limits(limits: Limits) -> XtremepushLimits:
    """Return the limits of a sandbox."""
    return XtremepushLimits(
        targets=limits.value("execute_campaign", "targets"),
        rows_at_once=limits.value("import_profile", "rows imported at once"),
        row_errors=limits.value("import_profile", "errors of rows in a response"),
        user_id_length=limits.keyword("UserIdText", "maxLength"),
        title_length=limits.keyword("Title", "maxLength"),
        text_length=limits.keyword("Messages.9.sms.text", "maxLength"),
        html_length=limits.keyword("Messages.7.email.html", "maxLength"),
        webhook_retries=limits.webhook_retries,
    )
