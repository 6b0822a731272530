"""The step `key`: the client's admin changes the bridge's Optimove key."""

from sendproof_harness.handover.format import PLATFORM
from sendproof_harness.run.bridge_restart import restart_bridge
from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.model import ChangeKey
from sendproof_harness.scenario.values import iso_utc


def change_key(context: RunContext, step: ChangeKey) -> None:
    """Rotate, disable or enable the key that the bridge presents.

    A new key is written to the handover file; a bridge that the run started is restarted with it.
    """
    context.progress.phase(f"changing the bridge's key: {step.action}")
    for sandbox in context.sandboxes:
        credential, value = context.bridge.optimove_key(sandbox)
        name = next(key["name"] for key in context.control.keys(sandbox, PLATFORM) if key.get("key") == value)
        change: dict[str, object] = (
            {"rotate": True} if step.action == "rotate" else {"enabled": step.action == "enable"}
        )
        if step.overlap:
            change["at"] = iso_utc(context.time.now() + step.overlap)
        changed = context.control.change_key(sandbox, PLATFORM, name, change)
        context.bridge.update_credentials(sandbox, PLATFORM, {credential: changed["key"]})
    if step.action == "rotate" and context.bridge.is_started_by_run:
        restart_bridge(context)
