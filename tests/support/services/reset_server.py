"""A server that starts a bridge anew: `reset_server.py PORT LOG COMMAND...`.

`POST /reset` has the path of a handover file as its body. The response comes when the bridge before has ended.
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

bridges: list[subprocess.Popen[bytes]] = []


class Handler(BaseHTTPRequestHandler):
    """The one operation of the server."""

    def do_POST(self) -> None:
        handover = self.rfile.read(int(self.headers["Content-Length"])).decode()
        end()
        environment = os.environ | {"SENDPROOF_HANDOVER": handover}
        with Path(sys.argv[2]).open("ab") as log:
            bridges.append(subprocess.Popen(sys.argv[3:], env=environment, stdout=log, stderr=log))
        self.send_response(204)
        self.end_headers()


def end() -> None:
    """End the bridge, if there is one."""
    for bridge in bridges:
        bridge.kill()
        bridge.wait()
    bridges.clear()


if __name__ == "__main__":
    try:
        HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
    finally:
        end()
