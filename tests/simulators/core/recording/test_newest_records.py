"""The list of the newest records has a bounded size."""

from sendproof_simulators.core.recording.newest_records import KEPT_BYTES_MAX, RECORDS_MAX, NewestRecords


def paths(records: NewestRecords) -> list[object]:
    return [record["path"] for record in records]


def test_oldest_record_beyond_the_bound_is_dropped() -> None:
    kept = NewestRecords()
    for number in range(RECORDS_MAX + 2):
        kept.add({"path": f"/{number}"})

    assert (len(paths(kept)), paths(kept)[0], kept.count) == (RECORDS_MAX, "/2", RECORDS_MAX + 2)


def test_long_records_are_dropped_sooner() -> None:
    """A path can have 32 kB, and each service has such a list."""
    kept = NewestRecords()
    for number in range(RECORDS_MAX):
        kept.add({"path": f"/{number}" + "a" * 32_000})

    assert len(paths(kept)) == KEPT_BYTES_MAX // len('{"path":"/999' + "a" * 32_000 + '"}')


def test_record_larger_than_the_bound_is_only_counted() -> None:
    kept = NewestRecords()
    kept.add({"path": "a" * KEPT_BYTES_MAX})

    assert (paths(kept), kept.count) == ([], 1)
