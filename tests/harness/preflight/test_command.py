"""`sendproof doctor` as a user runs it."""

import json

from command_line import sendproof
from preflight_helpers import changed, register
from stand_in import stand_in


def written(folder, told):
    """A handover file."""
    file = folder / "handover.json"
    file.write_text(json.dumps(told))
    return file


def test_all_is_well(sandbox, tmp_path):
    """Exit status 0, a line for everything, and nothing to do."""
    allowed = {"optimove.unlisted_functions": "allowed"}
    told = sandbox(channels=[{"id": 505, "provider": "textlocal"}], dialects=allowed)
    with stand_in() as bridge:
        register(told, bridge.url)
        said = sendproof("doctor", written(tmp_path, told), "--customer", "C0000001")
    assert (said.status, said.err) == (0, "")
    assert "apikey of textlocal" in said.out
    assert "to do" not in said.out


def test_something_is_wrong(sandbox, tmp_path):
    """Exit status 1; for a program every result has its members."""
    told = changed(sandbox(), "attributes", "phone", to="MOBILE")
    said = sendproof("doctor", written(tmp_path, told), "--json")
    found = json.loads(said.out)
    assert (said.status, found["standing"]) == (1, "wrong")
    (one,) = [result for result in found["results"] if result["standing"] == "wrong"]
    assert one == {
        "examination": "attributes",
        "about": "attribute MOBILE",
        "standing": "wrong",
        "expected": "MOBILE among the attributes that the key sees",
        "got": one["got"],
        "todo": "correct attributes.phone, or have MOBILE added to the key",
        "blame": "config",
    }


def test_something_could_not_be_looked_at(simulators):
    """Exit status 2: the sandbox of simulators that run has no bridge yet."""
    said = sendproof("doctor", "--control-url", simulators.control)
    assert said.status == 2
    assert "none is registered yet" in said.out


def test_nothing_to_examine(tmp_path, simulators):
    """Exit status 3, and what was expected."""
    missing = sendproof("doctor", tmp_path / "handover.json")
    neither = sendproof("doctor")
    nobody = sendproof("doctor", "--control-url", simulators.control, "--sandbox", "gone")
    assert (missing.status, neither.status, nobody.status) == (3, 3, 3)
    assert "a run writes one into its results" in missing.err
    assert "expected a handover file, or --control-url" in neither.err
    assert "no sandbox is named 'gone'" in nobody.err


def test_a_run_that_cannot_work_does_not_start(tmp_path):
    """Exit status 3, in the doctor's words."""
    said = sendproof(
        "run", "scenarios/scheduled/first_campaign.yaml", "--bridge", "http://no..host:9000", "--results", tmp_path
    )
    assert said.status == 3
    assert "the run does not start" in said.out
    assert "no such host as no..host" in said.out
