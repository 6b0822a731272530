"""The files of a run are shown to others: none has a secret, except the handover file, which is for its user only."""

import json
from pathlib import Path

import pytest

from command_line import sendproof


@pytest.mark.parametrize(
    "provider",
    ["textlocal", *(pytest.param(provider, marks=pytest.mark.slow) for provider in ("xtremepush", "delivyr"))],
)
def test_no_file_of_a_run_has_a_secret(provider: str, tmp_path: Path) -> None:
    """The services refuse keys meanwhile, so there are wrong credentials, excerpts and repetitions, too."""
    run = sendproof("run", "failures/key_refused", "--provider", provider, "--results", tmp_path)
    assert run.status == 0, run.out + run.err

    (handover,) = tmp_path.rglob("handover.json")
    content = json.loads(handover.read_text())
    secrets = [content["webhook_token"]] + [
        value
        for service in content["services"].values()
        for name, value in service["credentials"].items()
        if not name.endswith("_id")
    ]
    files = [file for file in tmp_path.rglob("*") if file.is_file() and file != handover]
    found = [(file.name, secret) for file in files for secret in secrets if secret.encode() in file.read_bytes()]
    assert (found, handover.stat().st_mode & 0o777) == ([], 0o600)
