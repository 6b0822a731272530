"""The bridge is a separate program: it must work if neither the simulators nor the harness is installed."""

import subprocess
import sys

# Imports every module of the bridge while the other packages, and what only they need, cannot be imported.
IMPORT_ALONE = """
import importlib, pkgutil, sys
for name in ("sendproof_simulators", "sendproof_harness", "connexion"):
    sys.modules[name] = None
import sendproof_bridge
for module in pkgutil.walk_packages(sendproof_bridge.__path__, "sendproof_bridge."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_bridge_imports_without_the_other_packages():
    command = [sys.executable, "-c", IMPORT_ALONE]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert {
        "sendproof_bridge.cli",
        "sendproof_bridge.jobs.campaigns.send_batch",
        "sendproof_bridge.outbound.providers.textlocal",
    } <= set(imported)
