"""`sendproof scenarios`: the library by theme."""

import json

from typer.testing import CliRunner

from sendproof_harness.cli.commands import build_app


def test_library_is_listed_with_providers_customers_and_duration() -> None:
    """These decide if a user wants to run a scenario."""
    output = CliRunner().invoke(build_app(), ["scenarios", "--json"]).output
    listed = {f"{entry['theme']}/{entry['scenario']}": entry for entry in json.loads(output)}
    third_visit = listed["triggered/third_visit"]
    assert (third_visit["providers"], third_visit["customers"]) == (["delivyr", "textlocal", "xtremepush"], 500)
    assert (listed["multi_client/two_clients"]["customers"], third_visit["virtual_time"]) == (600, "2 d 6 h")
