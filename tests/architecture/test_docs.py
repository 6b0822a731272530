"""The documents say what is there: commands, options, targets, dependencies, contracts, links."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import commands_page
from repository import ROOT, files, name_of
from sendproof_harness.scenario.library import library_summaries
from sendproof_simulators.reference.services import catalogue
from sendproof_simulators.services.discovery import discover

DOCUMENTS = list(files(".md"))
LIBRARY = ROOT / "scenarios" / "README.md"
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
COUNTED = ("documented", "observed", "assumed")


@pytest.fixture(scope="module")
def commands():
    """The commands of `sendproof` by name."""
    return commands_page.commands()


def shown() -> list[tuple[str, list[str]]]:
    """Every `sendproof ...` in a document, in a block or in a sentence, with the document's name."""
    found = [
        (name_of(path), line)
        for path in DOCUMENTS
        for line in re.findall(r"^ *\$ (sendproof .+)$|`(sendproof [^`]+)`", path.read_text(), re.MULTILINE)
    ]
    return [(name, shlex.split(block or sentence)[1:]) for name, (block, sentence) in found]


def test_documents_show_commands_that_exist(commands):
    """Every `sendproof ...` names a command, with options that it has."""
    wrong = []
    for document, words in shown():
        name = next((one for one in (" ".join(words[:2]), words[0]) if one in commands), None)
        group = words[0] == "NAME" or (len(words) == 1 and any(one.startswith(f"{words[0]} ") for one in commands))
        options = {"--help"} | {option for one in (commands[name].params if name else ()) for option in one.opts}
        if (name is None and not group) or not {word for word in words if word.startswith("--")} <= options:
            wrong.append(f"{document}: {shlex.join(words)}")
    assert wrong == []


def test_a_reader_finds_every_page():
    """The README leads to the index of the documents, and that to every page below it."""
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert "(docs/README.md)" in (ROOT / "README.md").read_text()
    assert {page for page in pages if f"({page})" not in index} == set()


def test_every_command_helps_by_example(commands):
    """`--help` of each command tells what it is for, and shows it in use."""
    assert [
        name for name, command in commands.items() if f"Example: sendproof {name}" not in (command.help or "")
    ] == []


def test_documents_show_targets_that_exist():
    """Every `make ...` of a document is a target, and every target is in a document."""
    named = {target for path in DOCUMENTS for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", path.read_text())}
    assert named == TARGETS - {"help"}


def test_every_theme_of_the_library_is_explained():
    """A reader finds a theme by what it is for."""
    table = LIBRARY.read_text().partition("| theme |")[2].partition("\n\n")[0]
    themes = re.findall(r"^\| `([a-z_]+)` \| ", table, re.MULTILINE)
    assert sorted(themes) == sorted({one["theme"] for one in library_summaries()})


def anchors(path: Path) -> set[str]:
    """What a link can name within a document: its headings, as they are written in addresses."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere():
    """A relative link in a document leads to a file of the repository, and to a heading that is there."""
    broken = []
    for path in DOCUMENTS:
        text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text):
            leads = path.parent / target if target else path
            if "://" not in target and not (leads.exists() and (not anchor or anchor in anchors(leads))):
                broken.append(f"{name_of(path)}: {target}#{anchor}")
    assert broken == []


def test_every_dependency_has_a_reason():
    """CONTRIBUTING.md says of each dependency what it is for, and names none that is gone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    wanted = [line for line in [*project["dependencies"], *extras] if not line.startswith("sendproof[")]
    text = (ROOT / "CONTRIBUTING.md").read_text()
    tables = text[text.index("## Dependencies") :]
    packages = {re.match(r"[a-z0-9-]+", line).group() for line in wanted}
    assert {package for package in packages if not re.search(rf"(?<![a-z-]){package}(?![a-z0-9-])", tables)} == set()
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", tables, re.MULTILINE)) - {"package"} <= packages


def evidence(node: object) -> list[str]:
    """The level of every statement in a contract that carries one."""
    if isinstance(node, list):
        return [level for item in node for level in evidence(item)]
    if not isinstance(node, dict):
        return []
    own = [node["x-evidence"]] if "x-evidence" in node else []
    return own + [level for value in node.values() for level in evidence(value)]


@pytest.mark.parametrize("entry", catalogue(discover()), ids=lambda entry: entry["name"])
def test_services_are_listed_with_their_figures(entry):
    """`sendproof providers` counts the operations of each contract, and its statements of each level."""
    document = yaml.load(Path(entry["contract"]).read_bytes(), Loader=yaml.CSafeLoader)
    methods = {"get", "post", "put", "patch", "delete"}
    assert entry["operations"] == sum(len(item.keys() & methods) for item in document["paths"].values())
    assert {level: entry[level] for level in COUNTED} == {level: evidence(document).count(level) for level in COUNTED}
