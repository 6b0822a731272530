"""The reference bridge, with child processes that no signal but SIGKILL ends and that leave its process group.

One is started by `setsid`, and one by a double fork. Each ignores every signal that can be ignored, and listens on a
port. With `--reports-once-a-day`, the bridge fails a requirement.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

from sendproof_harness.handover.format import VARIABLE
from sendproof_harness.handover.reference_bridge import write_settings


def cling(*, leaves_parent: bool) -> None:
    """Start a child process in a session of its own, or a grandchild whose parent ends at once."""
    if os.fork():
        return
    os.setsid()
    if leaves_parent and os.fork():
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", 0)):
        while True:
            signal.pause()


def main() -> None:
    """Start the child processes, and then the bridge in this process."""
    cling(leaves_parent=False)
    cling(leaves_parent=True)
    handover = Path(os.environ[VARIABLE])
    settings = handover.with_name("clinging_bridge.toml")
    content = json.loads(handover.read_text("utf-8"))
    if "--reports-once-a-day" in sys.argv:
        content["bridge"]["reports_a_day"] = 1
    secrets = write_settings(content, settings, handover.with_name("clinging_bridge.sqlite"))
    command = [sys.executable, "-m", "sendproof_bridge", "serve", "--config", str(settings)]
    os.execve(command[0], command, {**os.environ, **secrets})  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main()
