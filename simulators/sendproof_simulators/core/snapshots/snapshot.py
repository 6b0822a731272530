"""What a snapshot of a sandbox holds."""

from dataclasses import dataclass

from sendproof_simulators.core.clock.virtual_clock import ClockState
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.recording.journal import JournalMark
from sendproof_simulators.core.snapshots.image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A sandbox at the instant `at`, after `journal.count` entries.

    `credentials` has (service, value, name) of each credential that the sandbox was known by.
    """

    name: str
    at: Instant
    image: Image
    clock: ClockState
    journal: JournalMark
    credentials: tuple[tuple[str, str, str], ...]
