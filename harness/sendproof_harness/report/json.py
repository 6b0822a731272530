"""The verdict for programs: `verdict.json`, described by `verdict.schema.json` in this folder."""

from collections.abc import Mapping

import msgspec

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.acceptance import Acceptance
from sendproof_harness.judge.campaign_table import CampaignRow
from sendproof_harness.judge.fault_table import FaultRow
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.verdict import Group, Result, Verdict
from sendproof_harness.output import visible
from sendproof_harness.report.identity import identity_document
from sendproof_harness.report.summary import summary

VERSION = 1


def render(verdict: Verdict, history: History) -> str:
    """Return version 1 of the report. Within a version, keys are only added."""
    # The escapes are those of JSON, so the content stays the same.
    return visible(msgspec.json.format(msgspec.json.encode(document(verdict, history)), indent=2).decode() + "\n")


def document(verdict: Verdict, history: History) -> Mapping[str, object]:
    """Return the report as plain values. Findings are grouped by cause, with their number and the first three."""
    header, scenario = history.header, verdict.scenario
    return {
        "report": "sendproof-verdict",
        "version": VERSION,
        "verdict": verdict.status,
        "exit_status": verdict.exit_status,
        "allowed_unknown": sorted(verdict.allowed_unknown),
        "accepted_failures": [_acceptance(acceptance) for acceptance in verdict.acceptances],
        "scenario": None if scenario is None else {"name": scenario.name, "file": scenario.file},
        "seed": verdict.seed,
        "sandbox": header.sandbox,
        "clock": header.clock.mode,
        "ended": iso(header.ended),
        "entries": history.entries,
        "identity": identity_document(history),
        "summary": summary(verdict),
        "ledger": dict(verdict.ledger),
        "campaigns": [_campaign(row) for row in verdict.campaigns],
        "faults": [_fault(row) for row in verdict.faults],
        "root_causes": [{"check": root.check, **_group(root)} for root in verdict.roots],
        "checks": [_check(result, is_excused=verdict.is_excused(result)) for result in verdict.results],
    }


def _acceptance(acceptance: Acceptance) -> Mapping[str, object]:
    failure = acceptance.failure
    return {
        "check": failure.check,
        "cause": failure.cause,
        "reason": failure.reason,
        "expires": failure.expires.isoformat(),
        "place": failure.place,
        "state": acceptance.state,
        "count": acceptance.count,
    }


def _campaign(row: CampaignRow) -> Mapping[str, object]:
    return {
        "campaign": row.campaign,
        "channel": row.channel,
        "provider": row.provider,
        "message": row.message,
        "customers": row.customers,
        "control_group": row.control_group,
        "groups": list(row.groups),
        "owed": row.owed,
        "announced_at": None if row.announced_at is None else iso(row.announced_at),
        "send_times": [iso(at) for at in row.send_times],
        "templates": list(row.templates),
        "ledger": dict(row.counts),
        "reported": dict(row.reported),
        "pages": row.pages,
        "pushes": row.pushes,
    }


def _fault(row: FaultRow) -> Mapping[str, object]:
    return {
        "id": row.id,
        "fault": row.fault,
        "target": row.target,
        "where": row.where,
        "nth": row.nth,
        "when": row.when,
        "injected": row.injected,
        "first_at": None if row.first_at is None else iso(row.first_at),
        "effect": row.effect,
    }


def _check(result: Result, *, is_excused: bool) -> Mapping[str, object]:
    requirement = result.check.requirement
    return {
        "id": result.check.id,
        "title": result.check.title,
        "verdict": result.status,
        "looked_at": result.looked_at,
        "unit": result.unit,
        "requirement": {
            "number": requirement.number,
            "text": requirement.text,
            "source": requirement.source,
            "evidence": requirement.evidence,
        },
        "accepted": is_excused,
        "findings": [_group(group) for group in result.groups],
    }


def _group(group: Group) -> Mapping[str, object]:
    return {
        "level": group.level,
        "blame": group.blame,
        "cause": group.cause,
        "count": group.count,
        "examples": [_finding(finding) for finding in group.examples],
        **({"remedy": group.remedy} if group.remedy else {}),
        **({"consequences": [_consequence(other) for other in group.consequences]} if group.is_root else {}),
    }


def _consequence(group: Group) -> Mapping[str, object]:
    return {"check": group.check, **_group(group)}


def _finding(finding: Finding) -> Mapping[str, object]:
    where = {name: getattr(finding.where, name) for name in finding.where.__slots__}
    return {
        "expected": finding.expected,
        "got": finding.got,
        "where": {name: value for name, value in where.items() if value is not None},
        "at": None if finding.at is None else iso(finding.at),
    }
