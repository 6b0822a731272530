"""The documents are current: commands, options, targets, dependencies, contracts and links."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

import commands_page
from repository import ROOT, files, name_of
from sendproof_harness.cli.commands import build_app
from sendproof_harness.scenario.library import library_summaries
from sendproof_simulators.reference.services import catalogue
from sendproof_simulators.services.discovery import discover

DOCUMENTS = list(files(".md"))
LIBRARY = ROOT / "scenarios" / "README.md"
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
COUNTED = ("documented", "observed", "assumed")


@pytest.fixture(scope="module")
def commands():
    """Return the commands of `sendproof` by name."""
    return commands_page.commands()


def sendproof_commands() -> list[tuple[str, list[str]]]:
    """Return the arguments of every `sendproof ...` in the documents, with the document's name."""
    found = [
        (name_of(path), line)
        for path in DOCUMENTS
        for line in re.findall(r"^ *\$ (sendproof .+)$|`(sendproof [^`]+)`", path.read_text(), re.MULTILINE)
    ]
    return [(name, shlex.split(block or sentence)[1:]) for name, (block, sentence) in found]


def test_commands_in_documents_exist_with_their_options(commands):
    wrong = []
    own_options = {name for parameter in typer.main.get_command(build_app()).params for name in parameter.opts} | {
        "--help"
    }
    for document, words in sendproof_commands():
        if words[0].startswith("-"):
            wrong += [] if words[0] in own_options else [f"{document}: {words[0]}"]
            continue
        # `list` may be left out.
        names = (" ".join(words[:2]), words[0], f"{words[0]} list")
        name = next((known for known in names if known in commands), None)
        group = words[0] == "NAME" or (
            len(words) == 1 and any(command.startswith(f"{words[0]} ") for command in commands)
        )
        options = {"--help"} | {
            option for parameter in (commands[name].params if name else ()) for option in parameter.opts
        }
        if (name is None and not group) or not {word for word in words if word.startswith("--")} <= options:
            wrong.append(f"{document}: {shlex.join(words)}")
    assert wrong == []


def test_every_page_is_linked_from_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert "(docs/README.md)" in (ROOT / "README.md").read_text()
    assert {page for page in pages if f"({page})" not in index} == set()


def test_help_of_every_command_has_an_example(commands):
    assert [
        name for name, command in commands.items() if f"Example: sendproof {name}" not in (command.help or "")
    ] == []


def test_make_targets_and_documents_match():
    named = {target for path in DOCUMENTS for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", path.read_text())}
    assert named == TARGETS - {"help"}


def test_every_theme_of_the_library_is_documented():
    table = LIBRARY.read_text().partition("| theme |")[2].partition("\n\n")[0]
    themes = re.findall(r"^\| `([a-z_]+)` \| ", table, re.MULTILINE)
    assert sorted(themes) == sorted({scenario["theme"] for scenario in library_summaries()})


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_relative_links_have_existing_targets():
    broken = []
    for path in DOCUMENTS:
        text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
            linked = path.parent / target if target else path
            if "://" not in target and not (linked.exists() and (not anchor or anchor in anchors(linked))):
                broken.append(f"{name_of(path)}: {target}#{anchor}")
    assert broken == []


def test_every_dependency_has_a_reason_in_contributing():
    """The table must not list dependencies that were removed either."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    groups = {**project["optional-dependencies"], **document["dependency-groups"]}
    more = [line for lines in groups.values() for line in lines]
    required = [line for line in [*project["dependencies"], *more] if not line.startswith("sendproof[")]
    text = (ROOT / "CONTRIBUTING.md").read_text()
    tables = text[text.index("## Dependencies") :]
    packages = {re.match(r"[a-z0-9-]+", line).group() for line in required}
    assert {package for package in packages if not re.search(rf"(?<![a-z-]){package}(?![a-z0-9-])", tables)} == set()
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", tables, re.MULTILINE)) - {"package"} <= packages


def evidence(node: object) -> list[str]:
    """Return the evidence level of every statement in a contract that has one."""
    if isinstance(node, list):
        return [level for item in node for level in evidence(item)]
    if not isinstance(node, dict):
        return []
    levels = [node["x-evidence"]] if "x-evidence" in node else []
    return levels + [level for value in node.values() for level in evidence(value)]


@pytest.mark.parametrize("entry", catalogue(discover()), ids=lambda entry: entry["name"])
def test_evidence_counts_match_the_contracts(entry):
    """`sendproof evidence` shows these counts."""
    document = yaml.load(Path(entry["contract"]).read_bytes(), Loader=yaml.CSafeLoader)
    methods = {"get", "post", "put", "patch", "delete"}
    assert entry["operations"] == sum(len(item.keys() & methods) for item in document["paths"].values())
    assert {level: entry[level] for level in COUNTED} == {level: evidence(document).count(level) for level in COUNTED}
