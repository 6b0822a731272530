"""The processes that generate load, as the main process sees them: their shares, their reports, and the lost ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sendproof_harness.load.counters import Counts, counts_from_builtins, counts_to_builtins
from sendproof_harness.load.formatting import join_names
from sendproof_harness.load.process_stats import is_loopback

#: The id of the only process of a test without workers.
LOCAL = "local"


@dataclass(slots=True, kw_only=True)
class Workers:
    """The load generators of a test by their share of the work. An id is that of Locust: `<host>_<number>`.

    `host` is the machine of the main process. A worker is lost if it reported nothing in `patience` intervals, as the
    main process counts them: if that was suspended, no worker is to blame.
    """

    ids: Sequence[str]
    host: str
    patience: int
    _silent: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with workers that are about to report."""
        self._silent = [0] * len(self.ids)

    def name(self, share: int) -> str:
        """Return `load generator 2`, or `load generator 2 on web2` if it runs on another machine."""
        host = _host_of(self.ids[share])
        return f"load generator {share + 1}" + (f" on {host}" if host not in {"", self.host} else "")

    def hear(self, share: int) -> None:
        """Note a report of a worker."""
        self._silent[share] = 0

    def count_interval(self, finished: Iterable[int]) -> str | None:
        """Count an interval, and return why the test cannot complete. Workers that have `finished` may be silent."""
        self._silent = [silent + 1 for silent in self._silent]
        completed = set(finished)
        lost = [
            self.name(share)
            for share, silent in enumerate(self._silent)
            if silent > self.patience and share not in completed
        ]
        if not lost:
            return None
        return (
            f"{join_names(lost)} reported nothing for {self.patience} s, so a part of the load is missing; "
            "see the log of that worker, and repeat the test"
        )

    def unreachable(self, control_url: str | None) -> str | None:
        """Return why workers on other machines cannot reach the simulators; None if nothing speaks against it."""
        hosts = {_host_of(id_) for id_ in self.ids} - {"", self.host}
        if not hosts or (control_url is not None and not is_loopback(control_url)):
            return None
        return (
            f"--control-url: expected simulators that {join_names(sorted(hosts))} can reach, got "
            f"{'none' if control_url is None else 'an address of this machine alone'}; start them with: "
            "sendproof up --host 0.0.0.0 --public-host NAME, and pass the control URL that they print"
        )


def _host_of(id_: str) -> str:
    return id_.rpartition("_")[0]


def version_difference(own: str, other: str) -> str | None:
    """Return the error of a worker with another version than the master; None if they are the same."""
    if own == other:
        return None
    return f"expected Sendproof {other}, as the master has, got {own}; install the same version on every machine"


def kind_difference(own: str, other: str) -> str | None:
    """Return the error of a worker of another kind of load test than the master's; None if they are the same."""
    if own == other:
        return None
    return f"KIND: expected {other}, as the load test, got {own}; start this worker with: sendproof load worker {other}"


def report(share: int, counts: Counts) -> dict[str, Any]:
    """Return the report of a worker, as plain values."""
    return {"share": share, "counts": counts_to_builtins(counts)}


def read_report(content: Mapping[str, Any]) -> tuple[int, Counts]:
    """Return the share and the counts of a report. One of another version of Sendproof aborts the test."""
    try:
        return content["share"], counts_from_builtins(content["counts"])
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        reason = f"a worker's report is unreadable ({error!r:.200}); install the same version on every machine"
        return 0, Counts(aborted=(reason, "harness"))
