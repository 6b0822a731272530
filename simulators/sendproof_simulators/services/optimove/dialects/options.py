"""The options of a sandbox for all dialects, in the form that the simulator works with."""

from dataclasses import dataclass

from sendproof_simulators.core.http import RetryPolicy
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.dialects.events import RETRY_POLICIES
from sendproof_simulators.services.optimove.dialects.functions import OPT_OUT_MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One sandbox's options. They are read once: a sandbox keeps its dialects."""

    # Functions.
    unlisted_functions_allowed: bool
    empty_result: str
    success_body_empty: bool
    ids_as_text: bool
    flags_as_text: bool
    attributes_joined: bool
    execution_time_name: str
    attribute_update_status: int
    attribute_update_body_empty: bool
    api_key_info_as_array: bool
    general_listener_without_channel: bool
    page_maximum: int
    paging_without_dollar: bool
    rows_descending: bool
    attribute_update_limit: int
    metrics_additive: bool
    unseen_metrics_refused: bool
    opt_out_mode: int
    event_1_channel_refused: bool
    # Events.
    event_keys: str
    retry_policy: RetryPolicy
    personal_info_present: bool
    trigger_event_type_present: bool


def read_options(context: SandboxContext) -> Options:
    """Return the options of a sandbox."""

    def option(name: str) -> str:
        return context.dialect(f"optimove.{name}")

    return Options(
        unlisted_functions_allowed=option("unlisted_functions") == "allowed",
        empty_result=option("empty_result"),
        success_body_empty=option("success_body") == "empty",
        ids_as_text=option("id_type") == "text",
        flags_as_text=option("flag_type") == "text",
        attributes_joined=option("attributes_shape") == "joined",
        execution_time_name=option("execution_time_name"),
        attribute_update_status=int(option("attribute_update_status")),
        attribute_update_body_empty=option("attribute_update_body") == "empty",
        api_key_info_as_array=option("api_key_info") == "array",
        general_listener_without_channel=option("listener_channel") == "absent",
        page_maximum=int(option("page_maximum")),
        paging_without_dollar=option("paging_names") == "both",
        rows_descending=option("row_order") == "descending",
        attribute_update_limit=int(option("attribute_update_limit")),
        metrics_additive=option("metric_values") == "additive",
        unseen_metrics_refused=option("metric_ids") == "seen",
        opt_out_mode=OPT_OUT_MODES[option("communication_modes")],
        event_1_channel_refused=option("event_1_channel") == "refused",
        event_keys=option("event_keys"),
        retry_policy=RETRY_POLICIES[option("webhook_retries")],
        personal_info_present=option("personal_info") == "present",
        trigger_event_type_present=option("trigger_event_type") == "present",
    )
