"""The results of the clients' methods, compared with what is known to be broken, and their table."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WORKS, KNOWN, FAILED, REPAIRED, SKIPPED = "works", "known", "FAILED", "WORKS AGAIN", "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One method of a client: whether it returned what it should, and an excerpt of what it returned."""

    client: str
    method: str
    works: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `note` is the reason, or what came back."""

    client: str
    method: str
    outcome: str
    note: str = ""

    @property
    def is_wrong(self) -> bool:
        """True if the outcome is not the expected one."""
        return self.outcome in {FAILED, REPAIRED}


class KnownBreaks:
    """The reason by client and method that does not work, and by client that is not tried at all (`skipped`)."""

    def __init__(self, document: Mapping[str, object]) -> None:
        """Take the content of `known_breaks.toml`."""
        entries = document.get("broken", [])
        assert isinstance(entries, list)  # noqa: S101 - the file is ours
        self.reasons = {
            (str(entry["client"]), str(method)): str(entry["reason"])
            for entry in entries
            for method in entry["methods"]
        }
        skipped = document.get("skipped", {})
        assert isinstance(skipped, dict)  # noqa: S101 - as above
        self.skipped = {str(client): str(reason) for client, reason in skipped.items()}

    def rows(self, results: Iterable[Result]) -> Iterator[Row]:
        """Yield a row for each result, and one for each known break of these clients that was not tried."""
        results = list(results)
        for result in results:
            yield self._row(result)
        clients = {result.client for result in results}
        tried = {(result.client, result.method) for result in results}
        for client, method in self.reasons:
            if client in clients and (client, method) not in tried:
                yield Row(client=client, method=method, outcome=FAILED, note="listed as broken, but not tried")

    def _row(self, result: Result) -> Row:
        reason = self.reasons.get((result.client, result.method))
        if reason is None:
            outcome, note = (WORKS, "") if result.works else (FAILED, result.detail)
        elif result.works:
            outcome, note = REPAIRED, "remove it from known_breaks.toml"
        else:
            outcome, note = KNOWN, reason
        return Row(client=result.client, method=result.method, outcome=outcome, note=note)


def read_known_breaks(path: Path) -> KnownBreaks:
    """Read `known_breaks.toml`."""
    return KnownBreaks(tomllib.loads(path.read_text(encoding="utf-8")))


def parse_results(client: str, status: int, output: str, errors: str) -> list[Result]:
    """Return the results that a driver printed. A driver that ends early is a result, too."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    results = [
        Result(client=client, method=line["method"], works=line["works"], detail=line["detail"]) for line in lines
    ]
    if status or not results:
        last = errors.strip().splitlines()[-1:] or [f"exit status {status}"]
        results.append(Result(client=client, method="(the driver)", works=False, detail=last[0]))
    return results


def summary(rows: Sequence[Row]) -> str:
    """Return the counts in one sentence."""
    counts = {outcome: sum(row.outcome == outcome for row in rows) for outcome in (WORKS, KNOWN, SKIPPED)}
    wrong = sum(row.is_wrong for row in rows)
    clients = len({row.client for row in rows if row.outcome != SKIPPED})
    return (
        f"{clients} clients: {counts[WORKS]} methods work, {counts[KNOWN]} are known to be broken or not offered, "
        f"{wrong} are not as expected. {counts[SKIPPED]} clients were skipped."
    )
