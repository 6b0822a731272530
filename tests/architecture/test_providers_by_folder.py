"""Provider knowledge is in one record per provider: adding one edits no other file of the harness."""

import re

from repository import PACKAGES, name_of
from sendproof_harness.providers import DEFAULT_PROVIDER, discover
from sendproof_simulators.services import discovery

HARNESS = PACKAGES[2]
URL = re.compile(r"https?://\S+")
PROVIDERS = {name for name, simulator in discovery.discover().items() if simulator.templates is not None}


def test_provider_names_occur_in_their_records_only():
    """A source of an API fact may be a provider's website."""
    names = re.compile("|".join(PROVIDERS), re.IGNORECASE)
    naming = {
        name_of(path)
        for path in HARNESS.rglob("*.py")
        if HARNESS / "providers" not in path.parents and names.search(URL.sub("", path.read_text()))
    }
    assert naming == set()


def test_every_simulated_provider_has_a_record():
    """A provider without a record is judged leniently, because nothing is known about it."""
    assert set(discover()) == PROVIDERS
    assert next(iter(discover())) == DEFAULT_PROVIDER


def test_records_name_operations_and_events_of_the_simulator():
    """The records repeat names of the contracts, because the programs share no code."""
    for name, record in discover().items():
        simulator = discovery.discover()[name]
        contract = discovery.contract_file(simulator).read_text()
        operations = {*record.send_operations, record.template_operation} | ({record.record_operation} - {None})
        assert [operation for operation in operations if f"operationId: {operation}\n" not in contract] == [], name
        assert {record.receipt_event, *record.opt_out_events} <= set(simulator.events), name
