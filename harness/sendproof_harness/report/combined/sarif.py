"""The findings in SARIF 2.1.0, which GitHub's code scanning and many editors show: `sendproof.sarif`."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import PurePath
from urllib.parse import quote

import msgspec

from sendproof_harness.output import visible
from sendproof_harness.report.combined.annotations import ACCEPTED_RULE, RUN_RULE, Annotation
from sendproof_harness.report.combined.verdicts import Check, ClientVerdict

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_OTHER_RULES = {
    ACCEPTED_RULE: "An accepted failure passes again, or its last day is over",
    RUN_RULE: "Every scenario is run and judged",
}


def render(found: Sequence[Annotation], verdicts: Iterable[ClientVerdict]) -> str:
    """Return the file as text, with one rule for each check and one result for each annotation."""
    checks = {check.id: check for client in verdicts for check in client.verdict.checks}
    used = dict.fromkeys(annotation.rule for annotation in found)
    rules = [_rule(checks[name]) if name in checks else _other_rule(name) for name in used]
    driver = {"name": "Sendproof", "semanticVersion": version("sendproof"), "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(annotation, list(used).index(annotation.rule)) for annotation in found],
    }
    content = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return visible(msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n")


def _rule(check: Check) -> Mapping[str, object]:
    requirement = check.requirement
    source = f"{requirement.number}, {requirement.evidence}: {requirement.source}"
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": requirement.text},
        "help": {"text": f"{requirement.text}\n\n{source}"},
    }


def _other_rule(name: str) -> Mapping[str, object]:
    text = {"text": _OTHER_RULES[name]}
    return {"id": name, "shortDescription": text, "fullDescription": text, "help": text}


def _result(annotation: Annotation, rule: int) -> Mapping[str, object]:
    fingerprint = sha256(f"{annotation.scenario}\n{annotation.rule}\n{annotation.cause}".encode()).hexdigest()
    suppression = {"kind": "external", "status": "accepted", "justification": annotation.accepted}
    return {
        "ruleId": annotation.rule,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": f"{annotation.scenario}: {annotation.text}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": _artifact(annotation.file), "region": {"startLine": 1}},
                "logicalLocations": [{"name": annotation.scenario, "kind": "member"}],
            }
        ],
        "partialFingerprints": {"sendproof/v1": fingerprint},
        # Without the member, a viewer could not tell whether anything is suppressed at all.
        "suppressions": [] if annotation.accepted is None else [suppression],
    }


def _artifact(file: str) -> Mapping[str, str]:
    """Return the location of a file: relative to the working folder, which is that of the repository."""
    path = PurePath(file)
    return {"uri": path.as_uri()} if path.is_absolute() else {"uri": quote(path.as_posix())}
