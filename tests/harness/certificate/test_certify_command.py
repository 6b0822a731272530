"""The command `certify`: what it refuses, and what it prints about a bundle."""

import json

import pytest

from sendproof_harness.cli.commands import run_app
from small_certificate import bundled, certificate_files, week

REFUSED = {
    ("--flow", "schedule"): "--flow: expected scheduled, triggered or both, got 'schedule'",
    ("--signers", "signers"): "--signers: expected --verify with it, got none",
    ("--verify", "b.zip", "--bridge", "http://127.0.0.1:1"): "--verify: cannot be combined with --bridge",
    ("--verify", "b.zip"): "--verify: b.zip: No such file or directory",
    ("--bridge", "http://127.0.0.1:1", "--parallel", "2"): "--parallel: expected 1 with --bridge, got more",
    ("--provider", "textlokal"): "--provider: expected textlocal",
    ("--key", "no_key"): "--key: no_key cannot sign",
    ("--message", "push"): "--message: expected sms, got 'push' with --provider textlocal",
    ("--provider", "xtremepush", "--message", "inbox"): "has no scenario with inbox",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_wrong_options_are_refused(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_app(arguments=["certify", *arguments]) == 3
    assert REFUSED[arguments] in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_certificate_without_its_suite_proves_nothing(tmp_path, capsys):
    """Only a suite of one scenario accepts this bundle; the real one demands more."""
    bundle = bundled(tmp_path / "b.zip", certificate_files(tmp_path, {"week": week()}))
    assert run_app(arguments=["certify", "--verify", str(bundle)]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert " content     the suite demands a run of scheduled/texts_and_times, and there is none" in lines
    assert " recount     The recount agrees with the judge on all 12 recipients." in lines
    assert lines[-1] == (
        " error       the bundle proves nothing about the bridge: its certificate says pass, which is not shown"
    )


def test_runs_that_did_not_pass_are_listed(tmp_path, capsys):
    """A reader would not find them in the reports of thirty runs."""
    histories = {"week": week(), "other_week": week().change_delivery_to(3, text="Hello")}
    bundle = bundled(tmp_path / "b.zip", certificate_files(tmp_path, histories))
    run_app(arguments=["certify", "--verify", str(bundle)])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(" run ")] == [" run         fail  other_week"]


def test_altered_bundle_is_described_for_programs(tmp_path, capsys):
    files = certificate_files(tmp_path, {"week": week()})
    files["histories/week.ndjson"] = b"".join(week().change_delivery_to(3, text="Hello").encoded())
    status = run_app(arguments=["certify", "--verify", str(bundled(tmp_path / "b.zip", files)), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert (status, document["status"]) == (3, "error")
    assert 'statement.json: R403: status is "pass", the histories say "fail"' in document["problems"]
