"""The examples for PHPUnit, JUnit and node:test, run without a bridge: one test passes, the other names the reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documents import blocks
from repository import ROOT

EXAMPLES = ROOT / "docs" / "test-frameworks"
NO_BRIDGE = "no/such/bridge"
REASON = "--command: expected a program that exists"
# Where Debian's packages junit5 and libjackson2-databind-java install them.
JARS = [
    Path("/usr/share/java") / f"{name}.jar"
    for name in (
        *("junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons", "junit-platform-engine"),
        *("junit-platform-launcher", "junit-platform-console", "junit-platform-reporting", "opentest4j"),
        *("opentest4j-reporting-events", "opentest4j-reporting-schema", "apiguardian-api", "picocli"),
        *("jackson-core", "jackson-databind", "jackson-annotations", "univocity-parsers"),
    )
]


def run(folder: Path, *words: object, **variables: str) -> tuple[int, str]:
    """Run a command in a folder with more environment variables; return its exit status and its output."""
    command, environment = [str(word) for word in words], {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def sendproof(tmp_path):
    """Return a script that is the command `sendproof`."""
    script = tmp_path / "sendproof"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m sendproof "$@"\n')
    script.chmod(0o755)
    return script


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_example_for_node_reports_the_output_of_sendproof(tmp_path, sendproof):
    variables = {"SENDPROOF": str(sendproof), "BRIDGE_COMMAND": NO_BRIDGE}
    status, output = run(
        tmp_path, "node", "--test", "--test-reporter=tap", EXAMPLES / "node" / "bridge.test.mjs", **variables
    )
    assert (status, "# pass 1\n# fail 1\n" in output) == (1, True), output
    assert REASON in output


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("phpunit") is None, reason="PHPUnit is not installed")
def test_example_for_phpunit_reports_the_output_of_sendproof(tmp_path, sendproof):
    variables = {"SENDPROOF": str(sendproof), "BRIDGE_COMMAND": NO_BRIDGE}
    status, output = run(tmp_path, "phpunit", EXAMPLES / "phpunit" / "BridgeTest.php", **variables)
    assert (status, "Failures: 1." in output, "BridgeTest::testBridgeAnswers" in output) == (1, True, True), output
    assert REASON in output


@pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed")
@pytest.mark.skipif(not all(jar.exists() for jar in JARS), reason="JUnit 5 or Jackson is not installed")
def test_example_for_junit_reports_the_output_of_sendproof(tmp_path, sendproof):
    path = os.pathsep.join(map(str, [tmp_path, *JARS]))
    built = run(tmp_path, "javac", "-d", tmp_path, "-cp", path, *sorted((EXAMPLES / "junit").glob("*.java")))
    assert built[0] == 0, built[1]
    java = ["java", f"-Dsendproof={sendproof}", f"-Dbridge={NO_BRIDGE}", "-cp", path]
    console = ["org.junit.platform.console.ConsoleLauncher", "--select-class", "BridgeTest"]
    status, output = run(tmp_path, *java, *console)
    assert (status, "1 tests successful" in output, "1 tests failed" in output) == (1, True, True), output
    assert REASON in output


@pytest.mark.parametrize("example", ["junit/BridgeTest.java", "phpunit/BridgeTest.php"])
def test_code_of_the_page_is_that_of_the_example(example):
    language = example.rpartition(".")[2]
    shown = [line.strip() for block in blocks("docs/test-frameworks.md", language) for line in block.text.splitlines()]
    lines = [line.strip() for line in (EXAMPLES / example).read_text().splitlines()]
    assert [line for line in shown if line not in lines] == []
