"""The history of a sandbox that is in use, to judge it while it runs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sendproof_harness.control_client import ControlClient
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.records import History
from sendproof_harness.history.writer import insert_before_end
from sendproof_harness.scratch import scratch_folder

# The state of a campaign that no bridge can know yet.
_PLANNED = "planned"
_UNAUTHENTICATED_FIELDS = (
    *("service", "operation", "method", "path", "credential", "status", "response_excerpt", "meant", "differs"),
)


def running_history(control_url: str, sandbox: str) -> History:
    """Return the history of a sandbox as it is now; `ControlError` without such a sandbox."""
    with ControlClient(control_url) as control, history_file(control, sandbox) as file:
        return read_history(file)


@contextmanager
def history_file(control: ControlClient, sandbox: str) -> Iterator[Path]:
    """Save the history of a running sandbox to a file for the length of a block."""
    with scratch_folder() as folder:
        file = folder / "history.ndjson"
        control.save_history(sandbox, file, at_once=True)
        made = control.sandbox(sandbox)
        head = {"n": 0, "at": made["clock"]["now"], "real": 0.0}
        scenario = [made["scenario"]] if made.get("scenario") else []
        planned = [row["campaign"] for row in control.campaigns(sandbox) if row["state"] == _PLANNED]
        lines = [{"kind": "running", "planned": planned}, *scenario, *_unauthenticated(control, sandbox)]
        insert_before_end(file, [{**head, **line} for line in lines])
        yield file


def _unauthenticated(control: ControlClient, sandbox: str) -> Sequence[Mapping[str, object]]:
    """Return the requests without a credential of any sandbox, which may be those of another bridge."""
    return [
        {"kind": "unauthenticated", **{name: request[name] for name in _UNAUTHENTICATED_FIELDS if name in request}}
        | ({} if "sandbox" in request else {"shared": True})
        for request in control.unauthenticated_requests()
        if request.get("sandbox") in {None, sandbox}
    ]
