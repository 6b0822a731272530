"""Temporary folders, also those of processes that were killed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_folder_is_gone_if_the_process_ends_within_the_block(tmp_path: Path) -> None:
    """A block in a greenlet that no one continues does not end; that of a forked process is not its own."""
    program = """
import os, sys
from pathlib import Path
from sendproof_harness.scratch import scratch_folder
block = scratch_folder(Path(sys.argv[1]))
print(block.__enter__().exists(), flush=True)
if os.fork() == 0:
    sys.exit()
os.wait()
print(len(os.listdir(sys.argv[1])))
"""
    process = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert (process.stdout.split(), list(tmp_path.iterdir())) == (["True", "1"], [])


@pytest.mark.parametrize(
    ("event", "path"), [("os.remove", "/"), ("open", "/.sendproof-scratch")], ids=["looking for a place", "making"]
)
def test_nothing_is_left_if_another_thread_exits_while_a_folder_is_made(event: str, path: str, tmp_path: Path) -> None:
    """To find the place of temporary files, Python writes a file there and removes it."""
    program = """
import os, sys, threading
from sendproof_harness.scratch import remove_own_folders, scratch_folder
def leave():
    remove_own_folders()
    os._exit(3)
leaving = threading.Thread(target=leave)
def exit_now(event, arguments):
    if event == sys.argv[1] and sys.argv[2] in str(arguments[0]) and not leaving.ident:
        leaving.start()
        leaving.join(0.2)
sys.addaudithook(exit_now)
with scratch_folder():
    leaving.join()
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.run([sys.executable, "-c", program, event, path], env=environment, check=False, timeout=60)
    assert (process.returncode, list(tmp_path.iterdir())) == (3, [])


def test_folder_is_gone_if_a_signal_comes_while_it_is_made(tmp_path: Path) -> None:
    program = """
import os, signal, sys
from pathlib import Path
from sendproof_harness.scratch import scratch_folder
def interrupt(event, arguments):
    if event == "open" and str(arguments[0]).endswith("/.sendproof-scratch"):
        os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(interrupt)
with scratch_folder(Path(sys.argv[1])):
    print("not interrupted")
"""
    process = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False, timeout=60
    )
    assert (process.returncode, process.stdout, list(tmp_path.iterdir())) == (-signal.SIGINT, "", [])


def test_folder_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
    (abandoned,) = tmp_path.iterdir()
    with scratch.scratch_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
        assert folder != abandoned


def test_folders_of_running_processes_and_of_other_programs_stay(tmp_path: Path) -> None:
    (tmp_path / "sendproof-scratch-results_").mkdir(mode=0o700)
    (tmp_path / "sendproof-scratch-linklink").symlink_to(tmp_path / "sendproof-scratch-results_")
    with holder(tmp_path) as process:
        before = sorted(tmp_path.iterdir())
        scratch.remove_abandoned_folders(tmp_path)
        assert sorted(tmp_path.iterdir()) == before
        process.communicate("")


def abandoned(tmp_path: Path) -> Path:
    """Return the folder of a process that was killed."""
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
    (folder,) = tmp_path.iterdir()
    return folder


@pytest.mark.parametrize("name", ["sendproof-try", "sendproof-scratch", "sendproof-scratch-8letters"])
def test_environment_with_a_lock_of_its_installer_stays(tmp_path: Path, name: str) -> None:
    """Installers such as uv leave `.lock` in the root of each environment."""
    (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / name / ".lock").touch()
    (tmp_path / name / "pyvenv.cfg").touch()
    scratch.remove_abandoned_folders(tmp_path)
    assert len(list((tmp_path / name).iterdir())) == 2


def test_renamed_copied_and_opened_folders_stay(tmp_path: Path) -> None:
    folder = abandoned(tmp_path)
    shutil.copytree(folder, tmp_path / "sendproof-kept")
    folder.chmod(0o755)
    scratch.remove_abandoned_folders(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([folder, tmp_path / "sendproof-kept"])


@pytest.mark.parametrize("content", ["", "temporary folder of sendproof on another machine"])
def test_folder_whose_lock_is_of_another_machine_stays(tmp_path: Path, content: str) -> None:
    """The machines that share a folder may not see the locks of each other."""
    folder = abandoned(tmp_path)
    (folder / ".sendproof-scratch").write_text(content)
    scratch.remove_abandoned_folders(tmp_path)
    assert folder.exists()


def test_lock_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    folder = abandoned(tmp_path)
    (folder / ".sendproof-scratch").unlink()
    os.mkfifo(folder / ".sendproof-scratch")
    scratch.remove_abandoned_folders(tmp_path)
    assert folder.exists()


def test_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """In a shared temporary folder, another user could have planted it."""
    (tmp_path / "valuable").write_text("content")
    (tmp_path / "sendproof-scratch-planted_").mkdir(mode=0o700)
    (tmp_path / "sendproof-scratch-planted_" / ".sendproof-scratch").symlink_to(tmp_path / "valuable")
    scratch.remove_abandoned_folders(tmp_path)
    assert (tmp_path / "valuable").exists()
    assert (tmp_path / "sendproof-scratch-planted_" / ".sendproof-scratch").is_symlink()


@pytest.mark.parametrize("names", [(), (".sendproof-scratch",)])
def test_folder_that_a_killed_process_was_making_is_removed_a_minute_later(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    (folder := tmp_path / "sendproof-scratch-halfmade").mkdir(mode=0o700)
    for name in names:
        (folder / name).touch()
    scratch.remove_abandoned_folders(tmp_path)
    assert folder.exists()

    a_minute_ago = folder.stat().st_mtime - 61
    os.utime(folder, (a_minute_ago, a_minute_ago))
    scratch.remove_abandoned_folders(tmp_path)
    assert not folder.exists()


def test_folder_with_an_empty_lock_and_other_files_stays(tmp_path: Path) -> None:
    (folder := tmp_path / "sendproof-scratch-somebody").mkdir(mode=0o700)
    for name in (".sendproof-scratch", "valuable"):
        (folder / name).touch()
    scratch.remove_abandoned_folders(tmp_path, making_s=0.0)
    assert len(list(folder.iterdir())) == 2
