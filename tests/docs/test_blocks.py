"""What documents show in other languages is what it says it is."""

import json
import re
import shutil
import subprocess
from functools import reduce

import pytest
import yaml
from openapi_spec_validator import validate

import catalogue
from documents import Block, blocks, documents, languages
from repository import ROOT
from sendproof_bridge.config import load
from sendproof_bridge.outbound.providers import providers
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.reader import read as read_handover
from sendproof_harness.handover.write import handover_content
from sendproof_harness.load.service_levels import levels_in
from sendproof_harness.load.service_levels import schema as levels_schema
from sendproof_harness.scenario.load import parse_scenarios

#: In which languages documents may be written. What a reader is to type is `console`, so that it is run.
LANGUAGES = {"console", "js", "json", "markdown", "php", "python", "text", "toml", "yaml"}
# What a part of a scenario is added to.
WHOLE = (ROOT / "scenarios" / "scheduled" / "one_text_one_time.yaml").read_text()


def every(language: str) -> list[Block]:
    """Every block in one language, of all documents."""
    return [block for document in documents() for block in blocks(document, language)]


def named(block: Block) -> str:
    """Where it stands."""
    return f"{block.document}:{block.line}"


def test_no_block_escapes():
    """A language that nobody knows is one that nobody tests."""
    assert {language for document in documents() for language in languages(document)} - {""} == LANGUAGES


# Those of docs/ci.md are for CI servers: tests/architecture/test_ci_examples.py.
@pytest.mark.parametrize("block", [one for one in every("yaml") if one.document != "docs/ci.md"], ids=named)
def test_yaml_is_what_its_keys_say(block):
    """Service levels, a scenario, or a part of one beside what every scenario has; a contract has to be valid."""
    keys = set(yaml.load(block.text, Loader=yaml.BaseLoader))
    if "openapi" in keys:
        validate(yaml.safe_load(block.text))
    elif keys <= set(levels_schema()["properties"]):
        assert levels_in(block.text, named(block))
    else:
        assert parse_scenarios(block.text if "steps" in keys else WHOLE + block.text, named(block))


@pytest.mark.parametrize("block", every("json"), ids=named)
def test_json_can_be_read(block, tmp_path):
    """And what a bridge is handed can be examined."""
    content = json.loads(block.text)
    if "services" in content:
        (tmp_path / "handover.json").write_text(block.text)
        assert read_handover(tmp_path / "handover.json")


def test_the_settings_of_the_page_are_all_that_there_are():
    """Whoever reads the example of docs/connect-your-bridge.md misses none."""
    (example,) = [json.loads(one.text) for one in blocks("docs/connect-your-bridge.md", "json")]
    assert list(example) == list(_told())


@pytest.mark.parametrize("block", [one for one in every("toml") if "[bridge]" in one.text], ids=named)
def test_settings_of_the_bridge_are_right(block, tmp_path):
    """As the bridge reads them."""
    (tmp_path / "bridge.toml").write_text(block.text)
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "long-enough")
    assert load(tmp_path / "bridge.toml", variables, providers()).clients[0].channels[0].id == 505


@pytest.mark.parametrize("block", [one for one in every("toml") if "[bridge]" not in one.text], ids=named)
def test_a_mutant_can_be_made(block, tmp_path):
    """What it replaces is there."""
    (tmp_path / "mutant.toml").write_text(block.text)
    catalogue.build(catalogue._read(tmp_path / "mutant.toml"), tmp_path)


@pytest.mark.skipif(shutil.which("php") is None, reason="php is not installed")
@pytest.mark.parametrize("block", every("php"), ids=named)
def test_php_can_be_read(block):
    """By PHP itself."""
    assert subprocess.run(["php", "-l"], input=block.text, text=True, check=False).returncode == 0


def test_the_script_of_the_first_page_reads_what_there_is():
    """Each `$handover[...]` of it is in what a bridge is handed."""
    (script,) = blocks("docs/quickstart.md", "php")
    paths = [re.findall(r"\['?(\w+)'?\]", path) for path in re.findall(r"\$handover((?:\['?\w+'?\])+)", script.text)]
    values = [reduce(lambda part, key: part[int(key) if key.isdecimal() else key], path, _told()) for path in paths]
    assert values == ["o", "k", "t", "a", 505, "PHONENUMBER", "SMS_OPT_IN", 9000]


def _told():
    """What a bridge is handed."""
    services = {
        "optimove": {"url": "o", "credentials": {"api_key": "k"}},
        "textlocal": {"url": "t", "credentials": {"apikey": "a"}},
    }
    channels = [{"id": 505, "provider": "textlocal", "kind": "scheduled"}]
    sandbox = {"sandbox": "s", "seed": 1, "services": services, "channels": channels, "country": "GB"}
    return handover_content("http://127.0.0.1:1", sandbox, Listen(host="127.0.0.1", port=9000))
