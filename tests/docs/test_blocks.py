"""Code blocks in the documents are valid in their language."""

import json
import re
import shutil
import subprocess
import tomllib
from functools import reduce

import pytest
import yaml
from openapi_spec_validator import validate

import catalogue
from documents import Block, blocks, documents, languages
from repository import ROOT
from sendproof.pytest_plugin import OPTIONS
from sendproof_bridge.cli import parser
from sendproof_bridge.config import load
from sendproof_bridge.outbound.providers import providers
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.reader import read as read_handover
from sendproof_harness.handover.write import handover_content
from sendproof_harness.load.service_levels import parse_levels
from sendproof_harness.load.service_levels import schema as levels_schema
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_simulators.comparison.allowed_changes import parse_allowed

#: The languages of code blocks. Commands have the language `console`, so that they are run.
LANGUAGES = {"console", "http", "java", "js", "json", "markdown", "php", "python", "text", "toml", "yaml"}
# A key of a file of Compose, Kubernetes, Prometheus or openapi-python-client. They may start the bridge.
OTHER_TOOLS = {"services", "apiVersion", "scrape_configs", "groups", "content_type_overrides"}
# A part of a scenario is validated together with this scenario.
SCENARIO = (ROOT / "scenarios" / "scheduled" / "one_text_one_time.yaml").read_text()


def all_blocks(language: str) -> list[Block]:
    """Return the blocks of all documents in one language."""
    return [block for document in documents() for block in blocks(document, language)]


def position(block: Block) -> str:
    """Return the document and the line of a block."""
    return f"{block.document}:{block.line}"


def test_all_blocks_have_a_known_language():
    """Blocks in other languages would not be tested."""
    assert {language for document in documents() for language in languages(document)} - {""} == LANGUAGES


# tests/ci/test_ci_examples.py tests those of docs/ci.md, which are for CI servers.
@pytest.mark.parametrize(
    "block", [block for block in all_blocks("yaml") if block.document != "docs/ci.md"], ids=position
)
def test_yaml_block_is_valid(block):
    """Its keys show what it is: a file of another tool, a contract, service levels, or (a part of) a scenario."""
    keys = set(map(str, yaml.load(block.text, Loader=yaml.BaseLoader)))
    if block.document == "docs/contract-changes.md":
        assert parse_allowed(block.document, block.text.encode())
    elif "openapi" in keys:
        validate(yaml.safe_load(block.text))
    elif OTHER_TOOLS & keys:
        assert all(parser().parse_args(command[1:]) for command in bridge_commands(yaml.safe_load(block.text)))
    elif keys <= set(levels_schema()["properties"]):
        assert parse_levels(block.text, position(block))
    else:
        assert parse_scenarios(block.text if "steps" in keys else scenario_with(block.text), position(block))


def bridge_commands(document):
    """Return the commands of the bridge in a file of Compose or Kubernetes, as words."""
    services = document.get("services", {}).values()
    pod = document.get("spec", {}).get("template", {}).get("spec", {})
    commands = [service["command"].split() for service in services if "command" in service]
    return commands + [part["args"] for part in pod.get("containers", [])]


def scenario_with(part):
    """Return the scenario with some keys replaced by those of a part."""
    keys = "|".join(yaml.load(part, Loader=yaml.BaseLoader))
    return re.sub(rf"^({keys}):.*\n(?: .*\n|\n)*", "", SCENARIO, flags=re.MULTILINE) + part


@pytest.mark.parametrize("block", all_blocks("json"), ids=position)
def test_json_block_is_valid(block, tmp_path):
    """A block with services is a handover file."""
    content = json.loads(block.text)
    if "services" in content:
        (tmp_path / "handover.json").write_text(block.text)
        assert read_handover(tmp_path / "handover.json")


def test_handover_example_is_complete():
    """The example in docs/connect-your-bridge.md has all keys."""
    (example,) = [json.loads(block.text) for block in blocks("docs/connect-your-bridge.md", "json")]
    assert list(example) == list(_handover())


@pytest.mark.parametrize("block", [block for block in all_blocks("toml") if "[bridge]" in block.text], ids=position)
def test_bridge_settings_are_valid(block, tmp_path):
    (tmp_path / "bridge.toml").write_text(block.text)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "long-enough")
    assert load(tmp_path / "bridge.toml", variables, providers()).clients[0].channels[0].id == 505


@pytest.mark.parametrize("block", [block for block in all_blocks("toml") if "[[edits]]" in block.text], ids=position)
def test_mutant_can_be_built(block, tmp_path):
    """The code that it replaces exists."""
    (tmp_path / "mutant.toml").write_text(block.text)
    catalogue.build(catalogue._read(tmp_path / "mutant.toml"), tmp_path)


def test_options_of_the_pytest_plugin_exist():
    [block] = [block for block in all_blocks("toml") if "[tool.pytest" in block.text]
    assert tomllib.loads(block.text)["tool"]["pytest"]["ini_options"].keys() <= OPTIONS.keys()


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
@pytest.mark.parametrize("block", all_blocks("php"), ids=position)
def test_php_block_is_valid(block):
    assert subprocess.run(["php", "-l"], input=block.text, text=True, check=False).returncode == 0


def test_quickstart_script_reads_existing_keys_of_the_handover():
    """Each `$handover[...]` of the script is in the handover."""
    (script,) = blocks("docs/quickstart.md", "php")
    paths = [re.findall(r"\['?(\w+)'?\]", path) for path in re.findall(r"\$handover((?:\['?\w+'?\])+)", script.text)]
    values = [reduce(lambda part, key: part[int(key) if key.isdecimal() else key], path, _handover()) for path in paths]
    assert values == ["o", "k", "t", "a", 505, "PHONENUMBER", "SMS_OPT_IN", 9000]


def _handover():
    """Return the content of a handover file."""
    services = {
        "optimove": {"url": "o", "credentials": {"api_key": "k"}},
        "textlocal": {"url": "t", "credentials": {"apikey": "a"}},
    }
    channels = [{"id": 505, "provider": "textlocal", "kind": "scheduled"}]
    sandbox = {
        "sandbox": "s",
        "seed": 1,
        "services": services,
        "channels": channels,
        "country": "GB",
        "attributes": {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN"},
    }
    return handover_content("http://127.0.0.1:1", sandbox, Listen(host="127.0.0.1", port=9000))
