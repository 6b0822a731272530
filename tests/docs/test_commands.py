"""Every command that a document shows is given, and says what the document says that it says."""

import re
from fnmatch import fnmatchcase

import pytest

from doc_sandbox import FILES, THEMES, Desk
from documents import Command, commands, differs, documents
from repository import ROOT

#: What is not given here, and why; everything else is. `*` stands for any text.
EXEMPT = {
    ". .venv/bin/activate": "changes nothing but the shell of the reader; the commands of `.venv/bin` are on the desk",
    "make test": "is what runs this; CI runs it with all the others (.ci/run)",
    "make check": "ends with `make test`",
    "make docs": "writes to the repository; test_pages.py holds each page against what it would print",
    "make mutants": "takes minutes; tests/end_to_end/test_mutants.py plays some as it does",
    "make storms": "takes minutes; tests/end_to_end/test_storms.py plays some as it does",
    "make benchmark": "needs Node.js and the network",
    "sendproof load [!j]*": "takes minutes; tests/end_to_end/test_load.py runs each kind with smaller figures",
    "sendproof contract *": "takes a while; tests/end_to_end/test_contract_command.py gives it to both bridges",
    'sendproof run * --command "php *': "PHP is not everywhere; test_ci_examples.py reads the same commands",
    "locust *": "is what `sendproof load` starts",
    'sendproof run * --command ".venv/bin/python bridge/*"': "tests/end_to_end/test_foreign_bridge.py runs that bridge",
}

#: Examples of `--help` whose exit status is not 0 here, and why; a document of its own shows the status itself.
STATUS: dict[str, tuple[int, str]] = {}


def exempt(command: Command) -> bool:
    """Whether something above says why not."""
    return any(fnmatchcase(command.text, pattern) for pattern in EXEMPT)


EVERY = [command for document in documents() for command in commands(document)]


def given() -> dict[str, list[Command]]:
    """What is given for each document: each command once, where somebody says what it says, else where it is first."""
    chosen: dict[str, list[Command]] = {}
    for command in EVERY:
        alike = [one for one in EVERY if one.text == command.text]
        told = [one for one in alike if one.says is not None or one.status is not None]
        if not exempt(command) and command in (told or alike[:1]):
            chosen.setdefault(command.document, []).append(command)
    return chosen


GIVEN = given()
# The documents whose commands take longest.
SLOW = {
    "README.md",
    "docs/connect-your-bridge.md",
    "docs/dialect-matrix.md",
    "docs/load.md",
    "docs/manual-testing.md",
    "docs/quickstart.md",
    "scenarios/README.md",
}


@pytest.mark.parametrize(
    "document", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else []) for name in GIVEN]
)
def test_every_command_does_what_its_document_says(document, tmp_path):
    """In the order of the document, at a desk of its own."""
    with Desk(tmp_path, document) as desk:
        for command in GIVEN[document]:
            status, said = desk.do(command.text)
            expected = STATUS.get(command.text, (0,))[0] if command.status is None else command.status
            assert status == expected, f"{command}\n{said}"
            missing = None if command.says is None else differs(command.says, said)
            assert missing is None, f"{command}\nexpected: {missing}\n{said}"


def test_no_command_escapes():
    """What begins with `$ ` stands in a block of the language `console`, and so is given."""
    for document in documents():
        lines = re.findall(r"^\s*\$ (?!echo )", (ROOT / document).read_text(), re.MULTILINE)
        assert len(lines) == len(commands(document)), document


def test_exemptions_are_needed():
    """Who shows a command no more takes its exemption away."""
    texts = [command.text for command in EVERY]
    assert [pattern for pattern in [*EXEMPT, *STATUS] if not any(fnmatchcase(text, pattern) for text in texts)] == []


def test_slow_documents_have_commands():
    """A document that was renamed is slow under its new name."""
    assert set(GIVEN) >= SLOW


def test_exempt_targets_are_targets():
    """What cannot be run exists at least."""
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {text.removeprefix("make ") for text in EXEMPT if text.startswith("make ")} <= set(targets)


def test_everything_on_the_desk_is_for_a_command():
    """A stand-in that no document names is no more there."""
    texts = " ".join(command.text for command in EVERY if not exempt(command))
    assert [name for name in [*FILES, *(f"scenarios/{theme}" for theme in THEMES)] if name not in texts] == []


def test_a_line_that_did_not_come_is_told():
    """`...` stands for lines or for text, and for nothing else."""
    said = "one\ntwo\nthree 3\nfour\n"
    assert differs(("one", "...", "three ...", "four"), said) is None
    assert differs(("one", "..."), said) is None
    assert differs(("...", "three 4", "..."), said) == "three 4"
    assert differs(("...", "four", "one"), said) == "one"
    assert differs(("one", "three 3", "..."), said) == "three 3"
    assert differs(("one", "two", "three 3"), said) == "nothing more, but this came: four"
