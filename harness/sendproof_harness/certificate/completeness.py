"""Does a certificate rest on the suite that it names: a run of each scenario, of this bridge, with the scenario's seed.

Without this, a certificate could leave out the scenarios that its bridge failed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sendproof_harness.certificate.statement import CertifiedRun, Claim, Statement
from sendproof_harness.certificate.suite import (
    CONFORMANCE_SCENARIO,
    SUITE_VERSION,
    has_conformance,
    library_names,
    suite_files,
    untested_messages,
)
from sendproof_harness.conformance.run import without_triggers
from sendproof_harness.history.records import History
from sendproof_harness.scenario.document import content_digest
from sendproof_harness.scenario.library import library_files
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario

#: The scenarios that a certificate must have, by name in the library.
Demanded = Mapping[str, Scenario]
DemandedOf = Callable[[Claim], Demanded]

_CONTENT = "customers, steps, faults, dialects or provider"


def demanded_scenarios(claim: Claim) -> Demanded:
    """Return the scenarios of the suite that support the provider, and that of the conformance run."""
    files = suite_files(claim.provider, claim.flow, claim.messages)
    names = dict(zip(library_names(files), files, strict=True))
    if has_conformance(claim.flow, claim.messages):
        names |= {CONFORMANCE_SCENARIO: library_files(Path(CONFORMANCE_SCENARIO))[0]}
    variants = {name: _variant(file, claim.provider) for name, file in names.items()}
    found = {name: scenario for name, scenario in variants.items() if scenario is not None}
    if claim.flow == "scheduled" and CONFORMANCE_SCENARIO in found:
        found[CONFORMANCE_SCENARIO] = without_triggers(found[CONFORMANCE_SCENARIO])
    return found


def _variant(file: Path, provider: str) -> Scenario | None:
    """Return the scenario of a file for a provider; None if it has other ones."""
    for scenario in load_scenarios(file):
        if all(channel.provider == provider for channel in scenario.channels):
            return scenario
    return None


def incomplete(statement: Statement, runs: Sequence[CertifiedRun], demanded_of: DemandedOf) -> Iterator[str]:
    """Yield each scenario without a run, and each run of something else than its scenario or its bridge."""
    claim = statement.claim
    if claim.suite != SUITE_VERSION:
        yield (
            f"the suite has version {claim.suite}, and this Sendproof knows version {SUITE_VERSION}; "
            "verify with the Sendproof that wrote the certificate"
        )
        return
    for name in untested_messages(claim.provider, claim.flow, claim.messages):
        yield f"the certificate is about messages of the type {name}, and its suite has none"
    demanded = demanded_of(claim)
    if not demanded:
        yield f"the suite has no scenario for {claim.provider!r}"
    present = {run.scenario for run in runs}
    yield from (f"the suite demands a run of {name}, and there is none" for name in demanded if name not in present)
    yield from _several_contracts(runs)
    for run in runs:
        if run.history is not None:
            yield from (f"run {run.name}: {problem}" for problem in _foreign(run, run.history, claim, demanded))


def _several_contracts(runs: Sequence[CertifiedRun]) -> Iterator[str]:
    """Yield each service whose contract was not the same in all runs."""
    digests: dict[str, set[str]] = {}
    for run in runs:
        for service, digest in {} if run.history is None else run.history.header.contracts.items():
            digests.setdefault(service, set()).add(digest)
    for service, found in digests.items():
        if len(found) > 1:
            yield f"the runs used {len(found)} versions of the contract of {service}"


def _foreign(run: CertifiedRun, history: History, claim: Claim, demanded: Demanded) -> Iterator[str]:
    """Yield the differences between a history and the statement about it in the certificate."""
    yield from _other_bridge(history, claim)
    scenario = demanded.get(run.scenario)
    if scenario is None:
        yield f"the suite has no scenario {run.scenario}"
        return
    named = [found.name for found in history.scenarios]
    if named != [scenario.name]:
        yield f"expected a history of the scenario {scenario.name!r}, got {named}"
    elif any(not identity.scenario for identity in history.runs):
        yield "its history does not state the content of its scenario, as those of an older Sendproof; certify again"
    elif any(identity.scenario != content_digest(scenario) for identity in history.runs):
        yield f"its scenario is not {run.scenario} for {claim.provider}: other {_CONTENT}"
    if history.header.seed != scenario.seed:
        yield f"expected the seed {scenario.seed}, got {history.header.seed}"
    if len(history.header.faults) != len(scenario.faults):
        yield f"expected {len(scenario.faults)} faults, got {len(history.header.faults)}"
    if run.scenario == CONFORMANCE_SCENARIO and not history.probes:
        yield "expected events that Sendproof posted to the listeners, got none"


def _other_bridge(history: History, claim: Claim) -> Iterator[str]:
    """Yield each circumstance of the run that is not as the certificate says."""
    if not history.runs:
        yield "expected a history that names its bridge, got one that names none"
    stated = {"Sendproof": claim.sendproof, "bridge": claim.bridge}
    for identity in history.runs:
        shown = {"Sendproof": identity.sendproof, "bridge": identity.bridge}
        for name, value in shown.items():
            if value != stated[name]:
                yield f"the certificate is about the {name} {stated[name]!r}, its history about {value!r}"
