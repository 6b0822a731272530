"""The files of a run are shown to others: none has a secret, except those for its user only."""

import json
from pathlib import Path

import pytest

from command_line import sendproof
from running import running_simulators

# Of the control API. The URL of the clock contains it.
TOKEN = "a-token-of-the-tests"


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["textlocal", "xtremepush", "delivyr"])
def test_no_file_of_a_run_has_a_secret(provider: str, tmp_path: Path) -> None:
    """The services refuse keys meanwhile, so there are wrong credentials, excerpts and repetitions, too."""
    with running_simulators("--control-token", TOKEN) as simulators:
        at = ("--control-url", simulators.control, "--results", tmp_path)
        run = sendproof("run", "failures/key_refused", "--provider", provider, *at)
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
    found = [
        (file.name, secret) for file in files for secret in (*secrets, TOKEN) if secret.encode() in file.read_bytes()
    ]
    private = (handover, handover.with_name("bridge.toml"))
    assert (found, {file.stat().st_mode & 0o777 for file in private}) == ([("bridge.toml", TOKEN)], {0o600})
    assert TOKEN not in run.out + run.err


@pytest.mark.slow
def test_no_file_of_a_load_test_has_the_token_of_the_control_api(tmp_path: Path) -> None:
    with running_simulators("--control-token", TOKEN) as simulators:
        at = ("--control-url", simulators.control, "--results", tmp_path)
        load = sendproof("load", "paging", "--customers", "100", *at)
    assert load.status == 0, load.out + load.err
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file.name for file in files if TOKEN.encode() in file.read_bytes()] == []
    assert TOKEN not in load.out + load.err
