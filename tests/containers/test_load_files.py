"""The examples of load tests in containers and in a cluster: their schemas, and their commands on this machine."""

import json
import os
import re
import stat
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from documents import blocks, documents
from repository import ROOT
from sendproof_harness.run.processes import free_port

COMPOSE = yaml.safe_load((ROOT / "containers" / "load-compose.yaml").read_text())
KUBERNETES = list(yaml.safe_load_all((ROOT / "containers" / "load-kubernetes.yaml").read_text()))
KUBERNETES_SCHEMA = json.loads(Path(__file__).with_name("kubernetes.schema.json").read_text())
PYTHON_IMAGE = "python:3.13-slim-bookworm"
TOKEN = "a-token-for-the-tests"


def container(kind: str, name: str) -> dict[str, object]:
    """Return the only container of an object of the cluster."""
    (found,) = (item for item in KUBERNETES if (item["kind"], item["metadata"]["name"]) == (kind, name))
    (only,) = found["spec"]["template"]["spec"]["containers"]
    return only


def in_documents(key: str) -> dict[str, object]:
    """Return the examples in the documents that have a key, by their places."""
    examples = {f"{at.document}:{at.line}": at.text for name in documents() for at in blocks(name, "yaml")}
    loaded = {place: yaml.safe_load(text) for place, text in examples.items() if f"{key}:" in text}
    return {place: example for place, example in loaded.items() if key in example}


def test_compose_files_have_the_form_of_compose():
    pytest.importorskip("check_jsonschema", reason="its schema of compose files is in the extra dev")
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    found = {"containers/load-compose.yaml": COMPOSE, **in_documents("services")}
    assert {name.partition(":")[0] for name in found} == {
        "containers/load-compose.yaml",
        "docs/containers.md",
        "docs/operate.md",
    }
    for name, content in found.items():
        assert [(name, error.message) for error in validator_for(schema)(schema).iter_errors(content)] == []


def test_cluster_files_have_the_form_of_kubernetes():
    in_text = in_documents("apiVersion")
    assert {name.partition(":")[0] for name in in_text} == {"docs/operate.md"}
    for item in (*KUBERNETES, *in_text.values()):
        schema = {**KUBERNETES_SCHEMA["kinds"][item["kind"]], "$defs": KUBERNETES_SCHEMA["$defs"]}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(item)] == []


def test_schema_of_kubernetes_finds_a_misspelt_key():
    """A schema that accepts everything would prove nothing."""
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"paralellism": 4}}
    schema = {**KUBERNETES_SCHEMA["kinds"]["Job"], "$defs": KUBERNETES_SCHEMA["$defs"]}
    assert list(Draft202012Validator(schema).iter_errors(job))


def test_all_containers_use_the_image_of_python():
    images = {service["image"] for service in COMPOSE["services"].values()}
    images |= {
        container(item["kind"], item["metadata"]["name"])["image"]
        for item in KUBERNETES
        if item["kind"] in {"Deployment", "Job"}
    }
    assert images == {PYTHON_IMAGE}


def test_cluster_starts_as_many_workers_as_the_master_waits_for():
    (settings,) = (item["data"] for item in KUBERNETES if item["kind"] == "ConfigMap")
    (workers,) = (item for item in KUBERNETES if item["metadata"]["name"] == "sendproof-workers")
    assert settings["WORKERS"] == str(workers["spec"]["parallelism"]) == str(workers["spec"]["completions"])


def test_names_in_the_scripts_of_the_cluster_are_those_of_its_services():
    services = {item["metadata"]["name"] for item in KUBERNETES if item["kind"] == "Service"}
    text = (ROOT / "containers" / "load-kubernetes.yaml").read_text()
    assert set(re.findall(r"--master (\S+)|http://([a-z-]+):|'(sendproof-[a-z]+)', 4100", text)) == {
        ("sendproof-master", "", ""),
        ("", "sendproof-simulators", ""),
        ("", "", "sendproof-simulators"),
    }
    assert services == {"sendproof-master", "sendproof-simulators"}


def script(text: str, port: str, folder: Path, load: str) -> str:
    """Return a script of the compose file as compose hands it to the shell, with addresses of this machine."""
    names = {
        r"${LOAD:-paging --customers 1000000}": load,
        r"${LOAD:-paging}": load,
        r"${WORKERS:-4}": f"1 --master-bind-host 127.0.0.1 --master-bind-port {port}",
        "$$": "$",
        "--host 0.0.0.0 --public-host simulators": "--host 127.0.0.1 --port 0 --json",
        "--master master": f"--master 127.0.0.1 --port {port}",
        "--results /results": f"--results {folder}",
    }
    for there, here in names.items():
        text = text.replace(there, here)
    return text


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """Return the folder of the services, with a `pip` that installs nothing. A program that runs cannot be written."""
    (pip := tmp_path / "pip").write_text("#!/bin/sh\n")
    pip.chmod(pip.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def start(name: str, folder: Path, port: str = "", control: str = "") -> subprocess.Popen[str]:
    """Start a service by its script."""
    *shell, text = COMPOSE["services"][name]["command"]
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "SENDPROOF_CONTROL_TOKEN": TOKEN, "SENDPROOF_CONTROL_URL": control}
    words = [*shell, script(text, port, folder, "preferences --customers 1000")]
    return subprocess.Popen(words, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_services_of_the_compose_file_run_a_load_test(services):
    simulators = start("simulators", services)
    try:
        control = json.loads(simulators.stdout.readline())["control"]["url"]
        port = str(free_port("127.0.0.1"))
        master, worker = (start(name, services, port, control) for name in ("master", "worker"))
        out, _ = master.communicate(timeout=300)
        assert master.returncode == 0, out
        worker.communicate(timeout=300)
    finally:
        simulators.terminate()
        simulators.communicate(timeout=60)
    assert worker.returncode == 0
    result = json.loads((services / "load_preferences" / "result.json").read_text())
    assert [stage["count"] for stage in result["stages"]] == [1_000]
