"""Operations of the control API, with the client that openapi-python-client 0.29.1 generates from its contract."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from driver import INPUTS, check

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "openapi" / "control.yaml"
OPERATIONS = CONTRACT.read_text("utf-8").count("      operationId: ")
HOUR_MS = 3_600_000
URL, _, SANDBOX = INPUTS["control"].partition("/control/sandboxes/")

kept = tempfile.TemporaryDirectory(prefix="sendproof-generated-")
folder = Path(kept.name)
command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
command += ["--path", CONTRACT, "--output-path", folder / "generated", "--config", HERE / "openapi-python-client.yaml"]
made = subprocess.run(command, capture_output=True, text=True, check=True)
check("generate (without a warning)", lambda: made.stdout + made.stderr, lambda text: "arning" not in text)
operations = [path for path in (folder / "generated" / "api").glob("*/*.py") if path.stem != "__init__"]
check("generate (each operation)", lambda: len(operations), lambda number: number == OPERATIONS)

sys.path.insert(0, str(folder))
from generated import Client, models  # noqa: E402 - it exists only now
from generated.api.activity import list_messages, list_requests  # noqa: E402
from generated.api.campaigns import record_customer_events, schedule_campaign  # noqa: E402
from generated.api.clock import advance_clock, get_clock  # noqa: E402
from generated.api.faults import add_faults  # noqa: E402
from generated.api.history import get_history, get_journal  # noqa: E402
from generated.api.sandboxes import create_sandbox, delete_sandbox  # noqa: E402
from generated.api.services import add_templates, list_keys, upload_batch_file  # noqa: E402
from generated.types import File  # noqa: E402

client = Client(base_url=URL)
START = "2026-03-02T06:00:00Z"


def of(operation, *path, **arguments):
    """Call an operation, and return its result."""
    return operation.sync(*path, client=client, **arguments)


settings = models.NewSandbox.from_dict({"seed": 7, "clock": {"mode": "virtual", "start": START}})
check("createSandbox", lambda: of(create_sandbox, body=settings), lambda made: "optimove" in made.services)
event = models.CustomerEvent(event="visit", customer="C0000001")
template = models.NewTemplate(title="Offer", body="Hello")
fault = models.NewFault.from_dict({"fault": "status", "call": "textlocal.send", "status": 503})
rows = File(payload=io.BytesIO(b"CustomerID,SMS_OPT_IN\nC0000002,0\n"))
campaign = models.NewCampaign.from_dict({"campaign": 1, "customers": 1, "channels": []})

check("getClock", lambda: of(get_clock, SANDBOX), lambda clock: clock.now.isoformat() == "2026-03-02T06:00:00+00:00")
check(
    "advanceClock",
    lambda: of(advance_clock, SANDBOX, body=models.Advance(by_ms=HOUR_MS)).now.hour,
    lambda hour: hour == 7,
)
check(
    "advanceClock (refused)", lambda: of(advance_clock, SANDBOX, body=models.Advance()).status, lambda got: got == 400
)
check(
    "addTemplates",
    lambda: of(add_templates, SANDBOX, "textlocal", body=[template])[0].title,
    lambda got: got == "Offer",
)
check("addFaults", lambda: of(add_faults, SANDBOX, body=[fault])[0]["status"], lambda got: got == 503)
check("recordCustomerEvents", lambda: of(record_customer_events, SANDBOX, body=[event]).events, lambda got: got == 1)
check(
    "scheduleCampaign (refused)", lambda: of(schedule_campaign, SANDBOX, body=campaign).status, lambda got: got == 400
)
check("uploadBatchFile", lambda: of(upload_batch_file, SANDBOX, "optimove", body=rows)["lines"], lambda got: got == 1)
check("listKeys", lambda: of(list_keys, SANDBOX, "optimove")[0].name, lambda got: got == "bridge")
check("listMessages", lambda: of(list_messages, SANDBOX).items, lambda items: items == [])
check("listRequests", lambda: of(list_requests, SANDBOX).total, lambda total: total == 0)
check("getJournal", lambda: of(get_journal, SANDBOX, start=0), lambda text: text.count("\n") > 1)
check("getHistory", lambda: of(get_history, SANDBOX), lambda text: '"seal"' in text)
check(
    "deleteSandbox",
    lambda: delete_sandbox.sync_detailed("sandbox-x", client=client).status_code,
    lambda got: got == 404,
)
