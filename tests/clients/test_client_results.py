"""The results of published clients, compared with what is known to be broken."""

import re

import pytest

from client_packages import CLIENTS, HERE, NPM, PYPI
from client_results import (
    FAILED,
    KNOWN,
    REPAIRED,
    WORKS,
    KnownBreaks,
    Result,
    parse_results,
    read_known_breaks,
    summary,
)

BREAKS = KnownBreaks({"broken": [{"client": "c", "methods": ["old"], "reason": "sends a wrong name"}]})


def rows(*results):
    """Return method, outcome and note of each row."""
    made = [Result(client="c", method=method, works=works, detail="False") for method, works in results]
    return [(row.method, row.outcome, row.note) for row in BREAKS.rows(made)]


def test_method_that_is_not_listed_has_to_work():
    assert rows(("new", True), ("other", False), ("old", False)) == [
        ("new", WORKS, ""),
        ("other", FAILED, "False"),
        ("old", KNOWN, "sends a wrong name"),
    ]


def test_listed_method_that_works_again_is_wrong():
    assert rows(("old", True)) == [("old", REPAIRED, "remove it from known_breaks.toml")]


def test_listed_method_that_is_not_tried_is_wrong():
    assert rows(("new", True))[-1] == ("old", FAILED, "listed as broken, but not tried")


def test_driver_reports_one_method_a_line():
    output = 'Deprecated\n{"method":"send","works":true,"detail":"{}"}\n'
    assert parse_results("c", 0, output, "") == [Result(client="c", method="send", works=True, detail="{}")]


@pytest.mark.parametrize(("status", "output"), [(1, '{"method":"send","works":true,"detail":""}\n'), (0, ""), (9, "")])
def test_driver_that_ends_early_is_a_failure(status, output):
    last = parse_results("c", status, output, "Traceback\nKeyError: 'apikey'\n")[-1]
    assert last == Result(client="c", method="(the driver)", works=False, detail="KeyError: 'apikey'")


def test_summary_counts_methods_and_clients():
    found = list(BREAKS.rows([Result(client="c", method=name, works=name == "new") for name in ("new", "old", "bad")]))
    assert summary(found) == (
        "1 clients: 1 methods work, 1 are known to be broken or not offered, 1 are not as expected. "
        "0 clients were skipped."
    )


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_client_has_a_driver_and_one_pinned_version(client):
    name, version = client.name.split()
    pins = (HERE / {PYPI: "requirements.txt", NPM: "package.json"}[client.registry]).read_text()
    assert f"{name}=={version} --hash=sha256:" in pins if client.registry == PYPI else f'"{name}": "{version}"' in pins
    assert (HERE / "drivers" / client.driver).is_file()


def test_known_breaks_name_methods_that_drivers_try():
    """Each with a reason."""
    known = read_known_breaks(HERE / "known_breaks.toml")
    drivers = {f"{client.registry} {client.name}": (HERE / "drivers" / client.driver).read_text() for client in CLIENTS}
    for client, method in known.reasons:
        assert re.search(rf"check\(\s*\"{re.escape(method)}\"", drivers[client]), f"{client}: {method}"
    assert all(known.reasons.values())
    assert all(known.skipped.values())
