"""The options of a sandbox for all dialects, in the form that the simulator works with."""

from dataclasses import dataclass

from sendproof_simulators.core.effects import RetryPolicy
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.dialects.functions import OPT_OUT_MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimoveOptions:
    """One sandbox's options. They are read once: a sandbox keeps its dialects."""

    # Functions.
    unlisted_functions_allowed: bool
    look_up_allowed: bool
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
    paging_without_dollar: bool
    rows_descending: bool
    current_values_shown: bool
    metrics_additive: bool
    opt_out_mode: int
    event_1_channel_refused: bool
    unknown_apps_refused: bool
    # Events.
    event_keys: str
    retry_policy: RetryPolicy
    personal_info_present: bool
    trigger_event_type_present: bool
    only_newest_parameters: bool


def read_options(context: SandboxContext) -> OptimoveOptions:
    """Return the options of a sandbox."""
    dialects = context.dialects
    return OptimoveOptions(
        unlisted_functions_allowed=dialects["unlisted_functions"] == "allowed",
        look_up_allowed=dialects["customer_look_up"] == "allowed",
        empty_result=dialects["empty_result"],
        success_body_empty=dialects["success_body"] == "empty",
        ids_as_text=dialects["id_type"] == "text",
        flags_as_text=dialects["flag_type"] == "text",
        attributes_joined=dialects["attributes_shape"] == "joined",
        execution_time_name=dialects["execution_time_name"],
        attribute_update_status=int(dialects["attribute_update_status"]),
        attribute_update_body_empty=dialects["attribute_update_body"] == "empty",
        api_key_info_as_array=dialects["api_key_info"] == "array",
        general_listener_without_channel=dialects["listener_channel"] == "absent",
        paging_without_dollar=dialects["paging_names"] == "both",
        current_values_shown=dialects["send_details_values"] == "current",
        rows_descending=dialects["row_order"] == "descending",
        metrics_additive=dialects["metric_values"] == "additive",
        opt_out_mode=OPT_OUT_MODES[dialects["communication_modes"]],
        event_1_channel_refused=dialects["event_1_channel"] == "refused",
        unknown_apps_refused=dialects["unknown_app"] == "refused",
        event_keys=dialects["event_keys"],
        retry_policy=context.limits.webhook_retries,
        personal_info_present=dialects["personal_info"] == "present",
        trigger_event_type_present=dialects["trigger_event_type"] == "present",
        only_newest_parameters=dialects["trigger_parameters"] == "newest",
    )
