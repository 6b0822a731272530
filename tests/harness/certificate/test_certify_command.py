"""The command `certify`: what it refuses, and what it prints about a bundle."""

import json

import pytest

from history_builder import build_correct_run
from sendproof_harness.cli.commands import run_app
from small_certificate import bundled, certificate_files

REFUSED = {
    ("--flow", "schedule"): "--flow: expected scheduled, triggered or both, got 'schedule'",
    ("--signers", "signers"): "--signers: expected --verify with it, got none",
    ("--verify", "b.zip", "--bridge", "http://127.0.0.1:1"): "--verify: cannot be combined with --bridge",
    ("--verify", "b.zip"): "--verify: b.zip: No such file or directory",
    ("--bridge", "http://127.0.0.1:1", "--parallel", "2"): "--parallel: expected 1 with --bridge, got more",
    ("--provider", "textlokal"): "--provider: expected textlocal",
    ("--key", "no_key"): "--key: no_key cannot sign",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_wrong_options_are_refused(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_app(arguments=["certify", *arguments]) == 3
    assert REFUSED[arguments] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_verified_bundle_answers_each_question(tmp_path, capsys):
    bundle = bundled(tmp_path / "b.zip", certificate_files(tmp_path, {"week": build_correct_run()}))
    status = run_app(arguments=["certify", "--verify", str(bundle)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["content", "signature", "recount", "certificate"]
    assert lines[2] == " recount     The recount agrees with the judge on all 12 recipients."
    assert status == {"pass": 0, "unknown": 2}[lines[3].split()[1]]


def test_altered_bundle_proves_nothing(tmp_path, capsys):
    files = certificate_files(tmp_path, {"week": build_correct_run()})
    files["histories/week.ndjson"] = b"".join(build_correct_run().change_delivery_to(3, text="Hello").encoded())
    status = run_app(arguments=["certify", "--verify", str(bundled(tmp_path / "b.zip", files)), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert status == 3
    assert document["status"] == "error"
    assert 'statement.json: R403: status is "pass", the histories say "fail"' in document["problems"]
