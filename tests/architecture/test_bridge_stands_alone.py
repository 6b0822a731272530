"""The bridge is a program of its own: it must work where neither the simulators nor the scenarios are installed."""

import subprocess
import sys

# Imports every module of the bridge with the other packages, and what only they need, out of reach.
ALONE = """
import importlib, pkgutil, sys
for name in ("sendproof_simulators", "sendproof_harness", "connexion"):
    sys.modules[name] = None
import sendproof_bridge
for module in pkgutil.walk_packages(sendproof_bridge.__path__, "sendproof_bridge."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_the_bridge_imports_with_the_other_packages_absent():
    """Every module does, and the most telling of them are among those tried."""
    tried = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True).stdout.split()

    assert {
        "sendproof_bridge.cli",
        "sendproof_bridge.jobs.campaigns.send_batch",
        "sendproof_bridge.outbound.providers.textlocal",
    } <= set(tried)
