"""Start the reference bridge with the handover file of the simulators, as your bridge reads it.

SENDPROOF_HANDOVER is the path of that file. BRIDGE_DATABASE is the path of a SQLite file or the URL of a PostgreSQL
database.
"""

import json
import os
from pathlib import Path

from sendproof_harness.handover.reference_bridge import write_settings

SETTINGS = Path("bridge.toml")


def main() -> None:
    """Write the settings, and become the bridge."""
    handover = json.loads(Path(os.environ["SENDPROOF_HANDOVER"]).read_text("utf-8"))
    secrets = write_settings(handover, SETTINGS, os.environ["BRIDGE_DATABASE"])
    command = ["sendproof-bridge", "serve", "--config", str(SETTINGS)]
    os.execvpe(command[0], command, {**os.environ, **secrets})  # noqa: S606 - the bridge of this image


if __name__ == "__main__":
    main()
