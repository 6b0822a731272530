"""Temporary folders, also those of processes that were killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from sendproof_harness import scratch

HOLDER = """
import sys
from sendproof_harness.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "sub").mkdir()
    (folder / "sub" / "history.ndjson").write_text("{}")
    print(folder, flush=True)
    sys.stdin.read()
"""


def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Start a process that has a temporary folder with a file in it."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLDER]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    assert process.stdout is not None
    assert Path(process.stdout.readline().strip()).parent == tmp_path
    return process


def test_folder_is_gone_after_its_block(tmp_path: Path) -> None:
    with scratch.scratch_folder(tmp_path) as folder:
        (folder / "file").write_text("content")
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
    (abandoned,) = tmp_path.iterdir()
    with scratch.scratch_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
        assert folder != abandoned


def test_folders_of_running_processes_and_of_other_programs_stay(tmp_path: Path) -> None:
    (tmp_path / "sendproof-results").mkdir()
    (tmp_path / "sendproof-link").symlink_to(tmp_path / "sendproof-results")
    with holder(tmp_path) as process:
        before = sorted(tmp_path.iterdir())
        scratch.remove_abandoned_folders(tmp_path)
        assert sorted(tmp_path.iterdir()) == before
        process.communicate("")


def test_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """In a shared temporary folder, another user could have planted it."""
    (tmp_path / "valuable").write_text("content")
    (tmp_path / "sendproof-planted").mkdir()
    (tmp_path / "sendproof-planted" / ".lock").symlink_to(tmp_path / "valuable")
    scratch.remove_abandoned_folders(tmp_path)
    assert (tmp_path / "valuable").exists()
    assert (tmp_path / "sendproof-planted" / ".lock").is_symlink()
