"""Every command in a document is run, and must have the output and the exit status that the document shows."""

import re
from fnmatch import fnmatchcase

import pytest

from doc_sandbox import FILES, THEMES, DocSandbox
from documents import Command, commands, documents, missing_line
from repository import ROOT

#: Commands that are not run here, with the reason. `*` stands for any text.
EXEMPT = {
    ". .venv/bin/activate": "only changes the reader's shell; the commands of `.venv/bin` are in the folder",
    "make test": "runs this test; CI runs it with all others (.ci/run)",
    "make check": "ends with `make test`",
    "make docs": "writes to the repository; test_pages.py compares each page with what it would write",
    "make mutants": "takes minutes; tests/end_to_end/test_mutants.py runs some of them",
    "make chaos": "takes minutes; tests/chaos/test_chaos.py runs some of it",
    "make comparisons": "takes minutes, and needs Node.js; tests/harness/comparison tests its parts",
    "make clients": "needs the network; tests/clients tests its parts",
    "sendproof log show *": "its number depends on the order of requests; tests/harness/cli/test_drive.py runs it",
    "sendproof marketer preview *": "needs the dialect brochure; tests/harness/cli/test_marketer.py runs it",
    ".venv/bin/python benchmarks flow *": "takes minutes, and plays another revision",
    "sendproof load [!j]*": "takes minutes; tests/end_to_end/test_load.py runs each kind with smaller figures",
    "sendproof certify *": "takes minutes; tests/harness/certificate issues and verifies small certificates",
    "ssh-keygen *": "asks for a passphrase; tests/harness/certificate/test_bundle.py makes such a key",
    "sendproof compare *": "needs two bridges or their runs; tests/harness/comparison/test_commands.py has them",
    "sendproof invariants *": "plays everything nine times; tests/harness/comparison/test_commands.py runs a part",
    "sendproof contract *": "takes a while; tests/end_to_end/test_contract_command.py runs it for both bridges",
    'sendproof run * --command "php *': "PHP is not installed everywhere; test_ci_examples.py parses these",
    'sendproof run * --command "node *': "Node is not installed everywhere; test_polling_bridges.py runs it",
    'sendproof run * --command "python3 bridge.py"': "tests/docs/test_tutorials.py runs it",
    'sendproof run * --command "java *': "tests/docs/test_tutorials.py runs it",
    "sendproof diff *": "compares versions that a reader has; tests/simulators/comparison runs it",
    "sendproof merge *": "needs the results of several jobs; tests/harness/session/test_merge.py has them",
    "sendproof proxy *": "needs the real services; tests/simulators/recordings/test_proxy.py runs it with others",
    "sendproof dialects --from-har *": "reads a recording; tests/simulators/recordings runs it",
    "sendproof shrink *": "takes minutes; tests/harness/search/shrinking runs it",
    "sendproof run *clocks_go_forward*": "shows a faulty bridge; test_mutants.py knows it as summer_time_as_utc",
    "sendproof explore *": "takes minutes; tests/harness/search/explore runs it",
    "locust *": "`sendproof load` starts it",
    "pytest *": "needs tests of the reader; tests/harness/client/test_pytest_plugin.py runs such tests",
    "mvn test *": "Maven is not installed everywhere; tests/harness/client/test_framework_examples.py runs JUnit",
    "* node --test": "Node is not installed everywhere; tests/harness/client/test_framework_examples.py runs it",
    "* vendor/bin/phpunit *": "as for Node; test_framework_examples.py runs it, too",
    "npx *": "needs the network",
    'sendproof run * --command ".venv/bin/python bridge/*"': "end_to_end/foreign/test_foreign_bridge.py runs it",
}

#: Examples of `--help` with another exit status than 0, with the reason. Other documents show the status themselves.
STATUS: dict[str, tuple[int, str]] = {}


def is_exempt(command: Command) -> bool:
    """Return True if a pattern in `EXEMPT` matches the command."""
    return any(fnmatchcase(command.text, pattern) for pattern in EXEMPT)


ALL_COMMANDS = [command for document in documents() for command in commands(document)]


def commands_to_run() -> dict[str, list[Command]]:
    """Return the commands to run by document: each once, if possible where its result is shown."""
    selected: dict[str, list[Command]] = {}
    for command in ALL_COMMANDS:
        same = [other for other in ALL_COMMANDS if other.text == command.text]
        with_result = [other for other in same if other.output is not None or other.status is not None]
        if not is_exempt(command) and command in (with_result or same[:1]):
            selected.setdefault(command.document, []).append(command)
    return selected


TO_RUN = commands_to_run()
# The documents whose commands take longest.
SLOW = {
    "README.md",
    "benchmarks/README.md",
    "docs/add-a-provider.md",
    "docs/api-documentation.md",
    "docs/brochure-flow.md",
    "docs/connect-your-bridge.md",
    "docs/dialect-matrix.md",
    "docs/doctor.md",
    "docs/drive-a-sandbox.md",
    "docs/email.md",
    "docs/faults.md",
    "docs/install.md",
    "docs/load.md",
    "docs/manual-testing.md",
    "docs/push.md",
    "docs/quickstart.md",
    "docs/read-a-verdict.md",
    "docs/reference/commands.md",
    "docs/smtp.md",
    "docs/write-a-scenario.md",
    "scenarios/README.md",
}


@pytest.mark.parametrize(
    "document", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else []) for name in TO_RUN]
)
def test_commands_have_the_output_and_status_of_their_document(document, tmp_path):
    """The commands of a document run in order, in one folder."""
    with DocSandbox(tmp_path, document) as sandbox:
        for command in TO_RUN[document]:
            status, output = sandbox.run(command.text)
            expected = STATUS.get(command.text, (0,))[0] if command.status is None else command.status
            assert status == expected, f"{command}\n{output}"
            missing = None if command.output is None else missing_line(command.output, output)
            assert missing is None, f"{command}\nexpected: {missing}\n{output}"


def test_all_commands_are_in_console_blocks():
    """A command in a block of another language would not be run."""
    for document in documents():
        lines = re.findall(r"^\s*\$ (?!echo )", (ROOT / document).read_text(), re.MULTILINE)
        assert len(lines) == len(commands(document)), document


def test_each_exemption_matches_a_command():
    texts = [command.text for command in ALL_COMMANDS]
    unused = [pattern for pattern in [*EXEMPT, *STATUS] if not any(fnmatchcase(text, pattern) for text in texts)]
    assert unused == []


def test_slow_documents_have_commands():
    """A renamed document must remain slow."""
    assert set(TO_RUN) >= SLOW


def test_exempt_make_targets_exist():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {text.removeprefix("make ") for text in EXEMPT if text.startswith("make ")} <= set(targets)


def test_each_file_of_the_folder_is_named_by_a_command():
    texts = " ".join(command.text for command in ALL_COMMANDS if not is_exempt(command))
    assert [name for name in [*FILES, *(f"scenarios/{theme}" for theme in THEMES)] if name not in texts] == []


def test_first_missing_line_of_an_output_is_found():
    """`...` stands for any lines or text, and other lines must match in order."""
    output = "one\ntwo\nthree 3\nfour\n"
    assert missing_line(("one", "...", "three ...", "four"), output) is None
    assert missing_line(("one", "..."), output) is None
    assert missing_line(("...", "three 4", "..."), output) == "three 4"
    assert missing_line(("...", "four", "one"), output) == "one"
    assert missing_line(("one", "three 3", "..."), output) == "three 3"
    assert missing_line(("one", "two", "three 3"), output) == "the end of the output, got four"
