"""Programs that a template has imported: each is kept like a program that was started by its command."""

import signal
import sys

import psutil
import pytest

from sendproof_harness.run.keeping.forked_process import template_command
from sendproof_harness.run.processes import Child, ProcessError, Program, wait_until

TINY = """
import os, sys, time
if __name__ == "__main__":
    print("hello", sys.argv[1], os.environ["WHO"])
    if sys.argv[1] == "stays":
        time.sleep(600)
    sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def template(tmp_path):
    """Return the address of a template with a tiny program."""
    package = tmp_path / "tiny_program"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(TINY)
    address = tmp_path / "start"
    command = template_command(address, "tiny_program")
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
    assert (tmp_path / "tiny.log").read_text() == "hello ends world\n"


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
