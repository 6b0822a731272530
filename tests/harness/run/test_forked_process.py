"""Programs that a template has imported: each is kept like a program that was started by its command."""

import json
import signal
import socket
import subprocess
import sys
from threading import Thread

import psutil
import pytest

from sendproof_harness.run.bridge_process import REFERENCE, REFERENCE_IMPORTS
from sendproof_harness.run.keeping.forked_process import send_start, template_command
from sendproof_harness.run.processes import Child, ProcessError, Program, wait_until

TINY = """
import os, sys, time
imported_before = "tiny_program.parts.first" in sys.modules
import tiny_program.parts.first
if __name__ == "__main__":
    print("hello", sys.argv[1], os.environ["WHO"], imported_before)
    if sys.argv[1] == "stays":
        time.sleep(600)
    sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def template(tmp_path):
    """Return the address of a template with a tiny program."""
    package = tmp_path / "tiny_program"
    (package / "parts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "parts" / "first.py").touch()
    (package / "__main__.py").write_text(TINY)
    address = tmp_path / "start"
    command = template_command(address, ["tiny_program.parts.*"])
    environment = {"PYTHONPATH": str(tmp_path)}
    with Child(Program(name="template", command=command, log=tmp_path / "template.log", environment=environment)):
        assert wait_until(address.exists, 60.0)
        yield address


def started(template, tmp_path, *arguments):
    command = [sys.executable, "-m", "tiny_program", *arguments]
    environment = {"WHO": "world"}
    return Child(
        Program(name="tiny", command=command, log=tmp_path / "tiny.log", environment=environment, template=template)
    )


def test_program_gets_arguments_and_environment_and_its_status_is_known(template, tmp_path):
    with started(template, tmp_path, "ends", "3") as child:
        assert wait_until(lambda: child.exit_status is not None, 60.0)
    assert child.exit_status == 3
    assert (tmp_path / "tiny.log").read_text() == "hello ends world True\n"


def test_reference_bridge_imports_nothing_of_its_own_after_the_template(tmp_path):
    """Most of a start would go into imports again."""
    (tmp_path / "settings.toml").write_text("nonsense = 1")
    script = f"""
import contextlib, runpy, sys
from sendproof_harness.run.keeping import template
for name in {REFERENCE_IMPORTS}:
    template.import_all(name)
before = set(sys.modules)
sys.argv = ["bridge", "check", "--config", "settings.toml"]
with contextlib.suppress(SystemExit):
    runpy.run_module({REFERENCE!r}, run_name="__main__", alter_sys=True)
print([name for name in set(sys.modules) - before if name.startswith({REFERENCE!r})])
"""
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert output.splitlines()[-1] == "[]"


def test_killed_program_is_gone(template, tmp_path):
    with started(template, tmp_path, "stays") as child:
        assert wait_until(lambda: "hello" in child.output(), 60.0)
        child.kill()
        assert child.exit_status == -signal.SIGKILL
    assert not psutil.pid_exists(child.pid)


def test_programs_of_a_template_run_at_once(template, tmp_path):
    with started(template, tmp_path, "stays") as first, started(template, tmp_path, "stays") as second:
        assert first.pid != second.pid
        assert (first.exit_status, second.exit_status) == (None, None)


def test_template_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(ProcessError, match="the template does not respond"):
        started(tmp_path / "nowhere", tmp_path, "ends", "0")


class ReadAtOnce(socket.socket):
    """A connection whose peer reads what is sent to the end, and closes, before the sender goes on."""

    peer: socket.socket
    received = b""

    def sendmsg(self, *arguments):
        sent = super().sendmsg(*arguments)
        self.received = self.peer.recv(65_536)
        self.peer.close()
        return sent


def test_template_may_close_as_soon_as_it_has_the_start():
    """To send to a closed connection is an error, even if nothing is left to send."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ReadAtOnce(fileno=ours.detach()) as connection:
        connection.peer = theirs
        send_start(connection, {"words": ["ends"]}, ())

    assert connection.received == b'{"words": ["ends"]}\n'


def test_start_that_is_longer_than_the_buffer_arrives_whole():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    words = ["x" * 1_000_000]
    with ours, theirs, theirs.makefile() as lines:
        sender = Thread(target=send_start, args=(ours, {"words": words}, ()))
        sender.start()
        received = lines.readline()
        sender.join()

    assert json.loads(received) == {"words": words}
