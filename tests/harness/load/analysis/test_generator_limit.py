"""The load generator's own limit, from the processor time that it used."""

from load_results import BRIDGE, GENERATOR, SIMULATORS, result, sample
from sendproof_harness.load.analysis.generator_limit import limit_of
from sendproof_harness.load.model import LoadResult, Process, Stage


def triggers_at(rate: int, cores: float, **fields) -> LoadResult:
    """Return a result of ten seconds of triggers, for which the generator used this number of processors."""
    samples = tuple(
        sample(float(second), (0.5, 0.3, cores), counts={"triggers": rate * second}) for second in range(1, 11)
    )
    defaults = {
        "kind": "triggers",
        "stages": (Stage(name="triggers", unit="triggers", count=10 * rate, seconds=10.0),),
        "processes": (SIMULATORS, BRIDGE, GENERATOR),
        "samples": samples,
    }
    return result(**(defaults | fields))


def test_limit_is_a_whole_processor_of_each_process():
    limit = limit_of(triggers_at(200, 0.25))
    assert (round(limit.per_second), round(limit.used, 2), round(limit.ms_each, 2)) == (800, 0.25, 1.25)
    assert limit.sentence == (
        "The load generator can make at least 800 triggers per second with one process: it needed 1.25 ms of a "
        "processor for each, and this test used 25% of that limit."
    )


def test_limit_counts_all_workers_but_not_the_master():
    workers = [
        Process(role="load generator", name=f"load generator {n}", pid=n, peak_mb=1, cpu_seconds=1) for n in (1, 2)
    ]
    master = Process(role="load generator", name="load master", pid=3, peak_mb=1, cpu_seconds=1)
    samples = tuple(
        sample(float(second)).__class__(
            at=float(second),
            counts={"triggers": 100 * second},
            cores={"load generator 1": 0.1, "load generator 2": 0.1, "load master": 0.9},
        )
        for second in range(1, 11)
    )
    limit = limit_of(triggers_at(100, 0.0, processes=(*workers, master), samples=samples))
    assert (limit.processes, round(limit.per_second), round(limit.used, 2)) == (2, 1000, 0.1)


def test_follower_of_a_campaign_and_a_short_test_have_no_limit():
    assert limit_of(triggers_at(200, 0.25, kind="campaign")) is None
    assert limit_of(triggers_at(200, 0.01)) is None
