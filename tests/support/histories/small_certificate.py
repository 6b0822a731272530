"""Bundles of small histories, without a run."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from command_line import FIRST
from history_builder import START, HistoryBuilder, build_correct_run
from sendproof_harness.certificate.bundle import HTML, MARKDOWN, SIGNATURE, STATEMENT, SUMS, sums_of, write_bundle
from sendproof_harness.certificate.document import render_html, render_markdown
from sendproof_harness.certificate.signature import sign
from sendproof_harness.certificate.statement import Claim, Statement, statement_of
from sendproof_harness.certificate.verification import certified_run, history_name
from sendproof_harness.certificate.verification import verify as verify_bundle
from sendproof_harness.history.timestamps import iso
from sendproof_harness.scenario.document import content_digest
from sendproof_harness.scenario.load import load_scenarios

CLAIM = Claim(provider="textlocal", flow="scheduled", bridge="./my-bridge")
Files = dict[str, bytes]

#: The only scenario of the suite of these bundles.
WEEK = "scheduled/week"
SCENARIO = replace(load_scenarios(FIRST)[0], name="A week", seed=42)
#: Verify a bundle by that suite.
verify = partial(verify_bundle, demanded_of=lambda claim: {WEEK: SCENARIO})


_IDENTITY = {"began": "2026-03-02T06:00:00.000Z", "duration_s": 1.0, "options": {}, "python": "3.11", "platform": ""}


def week() -> HistoryBuilder:
    """Return the history of a correct run of the scenario."""
    frame = {"n": 0, "at": iso(START), "real": 0.0}
    identity = _IDENTITY | {"sendproof": CLAIM.sendproof, "bridge": CLAIM.bridge, "cores": 2}
    return build_correct_run().plus(
        frame | {"kind": "scenario", "name": SCENARIO.name, "file": "week"},
        frame | identity | {"kind": "run", "scenario": content_digest(SCENARIO)},
    )


def certificate_files(folder: Path, builders: Mapping[str, HistoryBuilder]) -> Files:
    """Return the files of a certificate of these histories, by name and without digests."""
    files: Files = {}
    runs = []
    for name, builder in builders.items():
        file = folder / f"{name}.ndjson"
        files[history_name(name)] = b"".join(builder.encoded())
        file.write_bytes(files[history_name(name)])
        runs.append(certified_run(name, f"scheduled/{name}", file).run)
    return files | documents(statement_of(CLAIM, runs, ()))


def documents(statement: Statement) -> Files:
    """Return the files that show a statement."""
    return {
        STATEMENT: msgspec.json.encode(statement),
        MARKDOWN: render_markdown(statement).encode(),
        HTML: render_html(statement).encode(),
    }


def bundled(path: Path, files: Mapping[str, bytes], key: Path | None = None, signature: bytes = b"") -> Path:
    """Write a bundle with new digests, as anyone can; return its path."""
    sums = sums_of(files)
    signature = sign(sums, key) if key is not None else signature
    write_bundle(path, {**files, SUMS: sums, **({SIGNATURE: signature} if signature else {})})
    return path
