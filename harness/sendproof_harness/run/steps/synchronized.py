"""Blame for a campaign or trigger that Optimove rejects because of missing templates."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from sendproof_harness.control_client import ControlError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.template_lists import template_differences


@contextmanager
def synchronized_templates(context: RunContext, sandbox: str, subject: str) -> Iterator[None]:
    """Abort the run if Optimove rejects the subject, such as `campaign 7001`, because the bridge listed no template."""
    try:
        yield
    except ControlError as error:
        differences = template_differences(context, sandbox) if error.status == HTTPStatus.CONFLICT else []
        if not differences:
            raise
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                reason="rejected",
                cause="a campaign could not be scheduled, because its templates are not synchronized",
                expected=f"Optimove to accept {subject}",
                got="; ".join([error.detail, *differences]),
            )
        ) from error
