"""The documents say what is there: commands, options, targets, dependencies, contracts, links."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

import sendproof_scenarios.commands
from repository import ROOT, files, name_of
from sendproof_scenarios.doctor.examinations import EXAMINATIONS
from sendproof_scenarios.listing import of_library
from sendproof_simulators import cli
from sendproof_simulators.catalogue import catalogue
from sendproof_simulators.provider import discover

DOCUMENTS = list(files(".md"))
LIBRARY = ROOT / "scenarios" / "README.md"
TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
COUNTED = ("documented", "observed", "assumed")


@pytest.fixture(scope="module")
def commands():
    """The commands of `sendproof` by name."""
    app = typer.Typer()
    app.registered_commands = list(cli.app.registered_commands)
    sendproof_scenarios.commands.register(app)
    return typer.main.get_command(app).commands


def shown(program: str) -> list[tuple[str, list[str]]]:
    """Every command line of one program that a document shows, with the document's name."""
    lines = [
        (name_of(path), line) for path in DOCUMENTS for line in re.findall(r"^\$ (.+)$", path.read_text(), re.MULTILINE)
    ]
    return [(name, shlex.split(line)[1:]) for name, line in lines if line.split()[0] == program]


def test_documents_show_commands_that_exist(commands):
    """Every `$ sendproof ...` names a command, with options that it has."""
    for document, (command, *rest) in shown("sendproof"):
        assert command in commands, document
        options = {option for parameter in commands[command].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, f"{document}: {command}"


def test_readme_shows_every_command(commands):
    """No command is left for the reader to discover."""
    readme = (ROOT / "README.md").read_text()
    assert [name for name in commands if f"$ sendproof {name}" not in readme] == []
    assert "$ sendproof-bridge" in readme


def test_every_command_helps_by_example(commands):
    """`--help` of each command tells what it is for, and shows it in use."""
    assert [
        name for name, command in commands.items() if f"Example: sendproof {name}" not in (command.help or "")
    ] == []


def test_the_doctors_examinations_are_told_of():
    """Each has its line in docs/doctor.md, in the order in which it is done."""
    told = re.findall(r"^\| `([a-z]+)` \|", (ROOT / "docs" / "doctor.md").read_text(), re.MULTILINE)
    assert told == [one.name for one in EXAMINATIONS]


def test_documents_show_targets_that_exist():
    """Every `make ...` of a document is a target, and every target is in a document."""
    named = {target for path in DOCUMENTS for target in re.findall(r"(?:\$ |`)make ([a-z]+)", path.read_text())}
    assert named == TARGETS - {"help"}


def test_every_scenario_of_the_library_is_told_of():
    """scenarios/README.md lists each with its name and providers, in the order of `sendproof scenarios`."""
    rows = re.findall(r"^\| `([a-z_]+/[a-z_]+)` \| (.+) \| (.+) \|$", LIBRARY.read_text(), re.MULTILINE)
    assert rows == [
        (f"{one['theme']}/{one['scenario']}", one["name"], ", ".join(one["providers"])) for one in of_library()
    ]


def test_every_theme_of_the_library_is_explained():
    """A reader finds a theme by what it is for."""
    table = LIBRARY.read_text().partition("| theme |")[2].partition("\n\n")[0]
    themes = re.findall(r"^\| `([a-z_]+)` \| ", table, re.MULTILINE)
    assert sorted(themes) == sorted({one["theme"] for one in of_library()})


def test_links_lead_somewhere():
    """A relative link in a document leads to a file of the repository."""
    broken = [
        f"{name_of(path)}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]
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
