"""Health check of a container: status 0 if the simulators respond, or the URL in the first argument.

SENDPROOF_CONTROL_TOKEN is the token of the control API.
"""

import os
import sys
import urllib.request

URL = "http://127.0.0.1:4100/control/health"


def main(arguments: list[str]) -> int:
    """Request the URL and return 0; an error or a status above 399 ends in an exception."""
    token = os.environ.get("SENDPROOF_CONTROL_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(arguments[0] if arguments else URL, headers=headers)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=4):  # noqa: S310 - ours
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
