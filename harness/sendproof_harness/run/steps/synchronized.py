"""Blame for a campaign or trigger that Optimove rejects because of missing templates."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from sendproof_harness.control_client import ControlError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext


@contextmanager
def synchronized_templates(context: RunContext, sandbox: str, channels: Sequence[int], subject: str) -> Iterator[None]:
    """Abort the run if Optimove rejects the subject, such as `campaign 7001`, because the bridge listed no template."""
    try:
        yield
    except ControlError as error:
        if error.status != HTTPStatus.CONFLICT or not _lacks_templates(context, sandbox, channels):
            raise
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                reason="rejected",
                cause="a campaign could not be scheduled, because its templates are not synchronized",
                expected=f"Optimove to accept {subject}",
                got=str(error),
            )
        ) from error


def _lacks_templates(context: RunContext, sandbox: str, channels: Sequence[int]) -> bool:
    """Return True if a channel lists fewer templates than its provider has."""
    listed = context.control.state(sandbox)["channel_templates"]
    providers = {channel.id: channel.provider for channel in context.scenario.channels}
    return any(
        len(listed.get(str(channel), ())) < len(context.control.templates(sandbox, providers[channel]))
        for channel in channels
    )
