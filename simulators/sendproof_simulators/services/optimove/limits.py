"""The limits of `openapi/optimove.yaml` that the simulator enforces itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.limits import SERVICE, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimoveLimits:
    """The limits of one sandbox. `rows_per_page` is by operation; periods are in milliseconds."""

    rows_per_page: Mapping[str, int]
    added_attributes: int
    text_type_length: int
    customers_per_update: int
    cancelled_readable_ms: int
    change_age_ms: int
    unused_token_ms: int
    webhook_retries: RetryPolicy


def read_limits(limits: Limits) -> OptimoveLimits:
    """Return the limits of a sandbox."""
    return OptimoveLimits(
        rows_per_page=limits.by_operation("rows per page"),
        added_attributes=limits.value("AddCustomerAttribute", "attributes added by API"),
        text_type_length=limits.value("AddCustomerAttribute", "length of a text type"),
        customers_per_update=limits.value("UpdateCustomerAttributes", "customers"),
        cancelled_readable_ms=limits.value("GetCanceledCampaignCustomers", "age of the cancellation"),
        change_age_ms=limits.value("GetCustomerAttributeChangers", "age of the change"),
        unused_token_ms=limits.value(SERVICE, "unused token"),
        webhook_retries=limits.webhook_retries,
    )
