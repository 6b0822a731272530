"""The command that a verdict prints as the next one works, for every kind of finding."""

import io
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from history_builder import FIRST_SEND, HistoryBuilder, Line, build_correct_run
from sendproof_harness.cli.commands import build_app, run_app
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.verdict import Group, judge
from sendproof_harness.report import print_verdict
from wrong_run import build_wrong_run


def further_defects(run: HistoryBuilder) -> list[Line]:
    """Return lines that lead to findings about people whom no campaign names."""
    sent = run.delivery_to(3) | {"n": 60_000, "at": iso(FIRST_SEND)}
    rejection = {"n": 60_001, "at": iso(FIRST_SEND), "kind": "rejection", "service": "textlocal", "code": 32}
    preference = {"n": 60_002, "at": iso(FIRST_SEND), "kind": "preference", "source": "api", "channel": 505, "mode": 1}
    interactions = {"n": 60_003, "at": iso(FIRST_SEND), "kind": "interactions", "campaign": 7001, "channel": 505}
    return [
        sent | {"message": "short", "number": "440207946"},
        sent | {"message": "unknown", "number": "447999999999"},
        rejection | {"number": "0", "text": str(run.obligation_of(7)["text"])},
        preference | {"opted_out": True, "customers": ["stranger", "two words", "-dash"]},
        interactions | {"template": 11, "event_id": 1, "customers": ["O'Neil; rm"]},
    ]


@pytest.fixture(scope="module")
def run() -> HistoryBuilder:
    wrong = build_wrong_run(60)
    unusable = wrong.change(
        "obligation", lambda line: line | {"raw_number": "0207946"} if line["number"] is None else line
    )
    return HistoryBuilder((unusable.lines[0], *further_defects(unusable), *unusable.lines[1:]))


def next_arguments(run: HistoryBuilder, group: Group, file: Path) -> list[str]:
    """Return the printed command for one group of findings; empty if none is printed."""
    verdict = judge(run.history(), ())
    result = replace(build_correct_run().verdict().results[0], groups=(group,))
    console = Console(file=io.StringIO(), width=10_000)
    print_verdict(replace(verdict, results=(result,)), console, run=file)
    lines = [line for line in console.file.getvalue().splitlines() if line.strip().startswith("next        sendproof")]
    return shlex.split(lines[0].strip().removeprefix("next"))[1:] if lines else []


@pytest.mark.slow
def test_next_command_of_every_finding_succeeds(run, tmp_path, capsys):
    file = tmp_path / "history with a space.ndjson"
    file.write_bytes(b"".join(run.encoded()))
    examples = [(group, example) for group in run.verdict().groups for example in group.examples]
    commands = {
        tuple(next_arguments(run, replace(group, examples=(example,)), file)) for group, example in examples
    } - {()}

    assert {"C0000002", "447999999999", "stranger", "two words", "-dash"} <= {command[-1] for command in commands}
    for command in sorted(commands):
        assert not run_app(build_app(), list(command)), (command, capsys.readouterr().err)
