"""Verdicts of load tests: results compared with service levels."""

import pytest

from load_results import BRIDGE, GENERATOR, SIMULATORS, campaign, checked, latency, loss, result, sample, soak, triggers
from sendproof_harness.load.model import LoadResult, Sample, Stage
from sendproof_harness.load.service_levels import parse_levels
from sendproof_harness.load.verdict import JudgedLevel, LoadVerdict, judge

ALL = (BRIDGE, SIMULATORS, GENERATOR)
IDLE = (
    "No bottleneck of {}: every process had capacity left; "
    "the bridge used 0.50 processors, the simulators 0.30 and the load generator 0.10."
)
BUSY_SIMULATORS = (
    "The simulators were the bottleneck of {}: they used a whole processor for 100% of the time; "
    "the bridge used 0.60 processors and the load generator 0.10."
)


def verdict_of(load_result: LoadResult, levels: str = "{}") -> LoadVerdict:
    """Return the verdict for service levels in YAML."""
    return judge(load_result, parse_levels(levels, "levels.yaml"))


def only_level(load_result: LoadResult, levels: str) -> JudgedLevel:
    """Return the only judged level."""
    (level,) = verdict_of(load_result, levels).levels
    return level


def sending(per_second: int, *samples: Sample, **more) -> LoadResult:
    """Return a result with ten seconds of sending and watched processes."""
    stage = Stage(name="sending", unit="messages", count=10 * per_second, seconds=10.0)
    return result(**({"stages": (stage,), "processes": ALL, "samples": samples} | more))


def acknowledged(p95: float, *samples: Sample, **more) -> LoadResult:
    """Return a result with 102 acknowledgements and watched processes."""
    return result(
        **({"latencies": (latency("acknowledgement", p95=p95),), "processes": ALL, "samples": samples} | more)
    )


def test_result_that_meets_all_levels_passes():
    """Losses are judged without being named."""
    verdict = verdict_of(campaign(), "throughput: {sending: 1250}\nlatency: {acknowledgement: {p99: 210 ms}}")

    assert (verdict.status, verdict.exit_status) == ("pass", 0)
    assert [level.id for level in verdict.levels] == [
        "loss.lost", "loss.duplicated", "loss.wrong text", "loss.wrong number", "loss.early", "loss.late",
        "throughput.sending", "latency.acknowledgement.p99",
    ]  # fmt: skip
    assert {(level.status, level.blame) for level in verdict.levels} == {("pass", None)}


def test_failed_check_of_the_history_fails_the_load_test():
    """The counters do not see every defect, for example a report too late."""
    check = checked("metrics", status="fail", count=2, blame="bridge", causes=("no report: expected 28, got 26",))
    verdict = verdict_of(campaign(checks=(checked("numbers"), check)))
    failed = next(level for level in verdict.levels if level.status == "fail")
    assert verdict.status == "fail"
    assert (failed.id, failed.blame, failed.examples) == ("check.metrics", "bridge", check.causes)
    assert (failed.expected, failed.got) == ("no findings", "2 findings in 1,000,000 messages")


def test_unknown_check_of_the_history_leaves_the_load_test_unknown():
    """A check that looked at nothing proves nothing."""
    check = checked("metrics", status="unknown", looked_at=0)
    assert verdict_of(campaign(checks=(check,))).status == "unknown"


def test_result_without_observations_is_unknown():
    """A missing loss proves nothing if no item was checked."""
    assert (verdict_of(result()).status, verdict_of(result()).exit_status) == ("unknown", 2)


def test_loss_fails_with_its_blame_and_examples():
    verdict = verdict_of(triggers())

    assert (verdict.status, verdict.exit_status) == ("fail", 1)
    assert verdict.levels[0] == JudgedLevel(
        id="loss.lost",
        title="Lost",
        status="fail",
        expected="none",
        got="12 of 6,000 triggers",
        blame="bridge",
        examples=("C0000042: no message to 447100000042", "C0000077: no message to 447100000077"),
    )


def test_losses_fail_above_their_threshold():
    within, beyond = (only_level(result(losses=(loss("late", count, 99),)), "losses: {late: 3}") for count in (3, 4))

    assert (within.status, within.expected, within.got) == ("pass", "at most 3", "3 of 99 messages")
    assert (beyond.status, beyond.blame) == ("fail", "bridge")


def test_loss_fails_even_if_the_harness_was_busy():
    """A busy harness makes messages late, not lost."""
    busy = sample(1.0, (0.6, 0.97, 0.1))
    assert verdict_of(result(losses=(loss("lost", 1),), processes=ALL, samples=(busy,))).status == "fail"


def test_loss_without_checked_items_is_unknown_unless_counted():
    unchecked = only_level(result(losses=(loss("misreported", 0, 0, unit="statements"),)), "{}")
    counted = only_level(result(losses=(loss("unexpected", 2, 0),)), "{}")

    assert (unchecked.status, unchecked.got, unchecked.blame) == ("unknown", "nothing to check: no statements", None)
    assert counted.status == "fail"


@pytest.mark.parametrize(
    ("levels", "observed"),
    [
        ("losses: {lostt: 3}", '"lost" and "duplicated"'),
        ("throughput: {sendng: 10}", '"sending"'),
        ("latency: {message: {p95: 1 s}}", '"acknowledgement" and "page"'),
        ("memory: {load generator: 1 GB}", '"bridge"'),
    ],
)
def test_level_for_unobserved_name_is_unknown_and_lists_names(levels, observed):
    """The name may be misspelt."""
    load_result = campaign(
        stages=(Stage(name="sending", unit="messages", count=9, seconds=1.0),),
        losses=(loss("lost"), loss("duplicated")),
        processes=(BRIDGE,),
    )
    level = verdict_of(load_result, levels).levels[-1]
    assert (level.status, level.got, level.blame) == ("unknown", "not observed", "config")
    assert level.why == f"This load test observes {observed}."


def test_level_without_any_observation_is_unknown_without_names():
    """The name cannot be misspelt if there is none to choose."""
    level = only_level(result(), "throughput: {sending: 10}")
    assert (level.status, level.got, level.blame, level.why) == ("unknown", "not observed", None, "")


def test_reached_throughput_passes_even_if_the_harness_was_busy():
    level = only_level(sending(1_000, sample(1.0, (0.6, 0.97, 0.1))), "throughput: {sending: 1000}")
    assert (level.status, level.expected, level.got) == ("pass", "at least 1,000 per second", "1,000 per second")


def test_missed_throughput_fails_if_the_harness_had_capacity():
    level = only_level(sending(999, sample(1.0)), "throughput: {sending: 1000}")
    assert (level.status, level.blame, level.why) == ("fail", "bridge", IDLE.format("sending"))


def test_missed_throughput_is_unknown_if_the_simulators_were_busy():
    level = only_level(sending(999, sample(1.0, (0.6, 0.97, 0.1), machine=0.8)), "throughput: {sending: 1000}")
    assert (level.status, level.blame, level.why) == ("unknown", "harness", BUSY_SIMULATORS.format("sending"))


@pytest.mark.parametrize(
    "busy", [sample(1.0, (0.6, 0.2, 0.9)), sample(1.0, (0.7, 0.7, 0.5), machine=0.95)], ids=["generator", "machine"]
)
def test_missed_throughput_is_unknown_if_generator_or_machine_were_busy(busy):
    level = only_level(sending(999, busy), "throughput: {sending: 1000}")
    assert (level.status, level.blame) == ("unknown", "harness")


def test_missed_throughput_is_unknown_if_the_harness_was_not_watched():
    level = only_level(sending(999), "throughput: {sending: 1000}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == (
        "The bottleneck of sending is unknown: the simulators and the load generator were not watched."
    )


def test_busy_simulators_before_the_stage_do_not_excuse_it():
    before = sample(1.0, (0.1, 0.99, 0.1), counts={"sending": 0})
    during = sample(11.0, counts={"sending": 9_990})
    level = only_level(sending(999, before, during), "throughput: {sending: 1000}")
    assert (level.status, level.why) == ("fail", IDLE.format("sending"))


def test_throughput_of_a_single_event_is_unknown():
    load_result = result(stages=(Stage(name="sending", unit="messages", count=1, seconds=0.0),))
    level = only_level(load_result, "throughput: {sending: 1000}")
    assert (level.status, level.got) == ("unknown", "1 message in 0 s")


def test_latency_equal_to_its_threshold_passes():
    level = only_level(acknowledged(500.0, sample(1.0)), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.expected, level.got) == ("pass", "at most 500 ms", "500 ms")


def test_latency_slightly_above_its_threshold_fails():
    """Rounding must not make it look as if it was met."""
    level = only_level(acknowledged(500.01, sample(1.0)), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.got, level.blame) == ("fail", "500.1 ms", "bridge")
    assert level.why == IDLE.format("acknowledgement latency")


def test_missed_latency_is_unknown_if_the_simulators_were_busy():
    level = only_level(acknowledged(501.0, sample(1.0, (0.6, 0.97, 0.1))), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == BUSY_SIMULATORS.format("acknowledgement latency")


@pytest.mark.parametrize("p95", [3.0, 3_000.0], ids=["met", "missed"])
def test_latency_is_unknown_if_the_load_generator_was_late(p95):
    late = sample(1.0, latency={"acknowledgement": p95}, behind_ms=230.0)
    level = only_level(acknowledged(p95, late), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == "The load generator was more than 100 ms behind its schedule for 100% of the time."


def test_load_generator_may_be_late_for_one_second_of_twenty():

    def status(*late):
        samples = [
            sample(float(at), latency={"acknowledgement": 3.0}, behind_ms=230.0 if at in late else 2.0)
            for at in range(1, 21)
        ]
        return only_level(acknowledged(3.0, *samples), "latency: {acknowledgement: {p95: 500 ms}}").status

    assert (status(7), status(7, 8)) == ("pass", "unknown")


def test_latency_from_intended_start_passes_even_if_the_load_generator_was_late():
    """The latency includes the delay, so the real one is smaller; a missed one may be due to the delay."""
    late = sample(1.0, latency={"message": 300.0}, behind_ms=230.0)
    load_result = result(latencies=(latency("message", since="the intended start", p95=300.0),), samples=(late,))
    assert only_level(load_result, "latency: {message: {p95: 300 ms}}").status == "pass"
    assert only_level(load_result, "latency: {message: {p95: 299 ms}}").status == "unknown"


def test_load_generator_within_its_threshold_does_not_matter():
    """Only its delay while a latency is measured counts."""
    timed, later = sample(1.0, latency={"acknowledgement": 3.0}, behind_ms=230.0), sample(2.0, behind_ms=999.0)
    load_result = acknowledged(3.0, timed, later)
    assert only_level(load_result, "latency: {acknowledgement: {p95: 500 ms}}\nbehind: 0.25 s").status == "pass"


def test_latency_without_responses_is_unknown():
    load_result = result(latencies=(latency("page", count=0, p50=0, p90=0, p95=0, p99=0, longest=0),))
    level = only_level(load_result, "latency: {page: {longest: 1 s}}")
    assert (level.status, level.expected, level.got) == ("unknown", "at most 1 s", "no responses")


def test_failed_calls_are_a_share_of_all_latencies():
    """The share is exact, so rounding cannot change the status."""
    load_result = result(latencies=(latency("message", count=999, failed=1), latency("page", count=1)))
    met, missed = only_level(load_result, "failed: 0.1%"), only_level(load_result, "failed: 0.0999%")

    assert (met.status, met.expected, met.got) == ("pass", "at most 0.1%", "0.1%: 1 of 1,000 calls")
    assert (missed.status, missed.blame) == ("fail", "bridge")


def test_failed_calls_without_calls_are_unknown():
    assert (only_level(result(), "failed: 1%").status, only_level(result(), "failed: 1%").got) == (
        "unknown",
        "no calls",
    )


def test_memory_above_its_threshold_blames_the_owner_of_the_process():
    load_result = result(processes=ALL)
    assert only_level(load_result, "memory: {bridge: 0.5 GB}").got == "412.3 MB"
    missed = only_level(load_result, "memory: {bridge: 412 MB}")
    assert (missed.status, missed.blame) == ("fail", "bridge")
    assert only_level(load_result, "memory: {simulators: 617 MB}").blame == "harness"


@pytest.mark.parametrize(
    ("blame", "status", "exit_status"),
    [("bridge", "fail", 1), ("config", "fail", 1), ("network", "fail", 1), ("harness", "error", 3)],
)
def test_early_end_fails_and_is_an_error_of_the_harness_only(blame, status, exit_status):
    verdict = verdict_of(campaign(abort_reason="the process ended with status 1", abort_blame=blame))

    assert (verdict.status, verdict.exit_status) == (status, exit_status)
    assert verdict.levels[0] == JudgedLevel(
        id="end", title="The load test completes", status=status,
        expected="completion", got="the process ended with status 1", blame=blame,
    )  # fmt: skip


def test_busy_simulators_fail_in_a_load_test_without_bridge():
    """They are the tested role; a busy load generator still excuses a miss."""
    slow = {"kind": "paging", "processes": (SIMULATORS, GENERATOR)}
    level = only_level(sending(999, sample(1.0, (0, 0.97, 0.1)), **slow), "throughput: {sending: 1000}")
    excused = only_level(sending(999, sample(1.0, (0, 0.97, 0.95), machine=0.9), **slow), "throughput: {sending: 1000}")

    assert (level.status, level.blame) == ("fail", "harness")
    assert excused.status == "unknown"


@pytest.mark.parametrize(("count", "status", "blame"), [(10, "pass", None), (11, "error", "harness")])
def test_events_without_a_response_are_never_blamed_on_the_bridge(count: int, status: str, blame: str | None) -> None:
    """A few change nothing; with many, the load was not the planned one."""
    unanswered = loss("unanswered", count, 1_000, unit="events", blame="harness")
    level = only_level(result(losses=(unanswered,)), "{}")

    assert (level.status, level.blame, level.expected) == (status, blame, "at most 1%")


def growth_levels(load_result: LoadResult, levels: str = "{}") -> dict[str, tuple[str, str, str | None]]:
    """Return status, observation and blame of what must stay flat."""
    judged = verdict_of(load_result, levels).levels
    return {level.id: (level.status, level.got, level.blame) for level in judged if level.id.startswith("growth.")}


def test_flat_soak_passes():
    levels = growth_levels(soak(memory=0, descriptors=0, message=0))
    assert {status for status, _, _ in levels.values()} == {"pass"}
    assert levels["growth.memory"][1] == "from 100 MB to 100 MB"


def test_soak_in_which_all_rises_fails():
    """An hour is enough for any heap to fill."""
    levels = growth_levels(soak(message=500.0))
    assert levels["growth.memory"] == ("fail", "from 175.9 MB to 275.9 MB", "bridge")
    assert levels["growth.descriptors"] == ("fail", "from 172 to 372", "bridge")
    assert levels["growth.latency"] == ("fail", "from 289.6 ms to 539.6 ms", "bridge")


def test_memory_that_rises_in_a_short_soak_is_unknown_unless_a_level_says_more():
    """The heap of a runtime with a garbage collector fills before anything is collected."""
    short = soak(seconds=600.0)
    assert growth_levels(short)["growth.memory"][0] == "unknown"
    assert growth_levels(short, "growth: {memory: 20%}")["growth.memory"][0] == "fail"


def test_growth_is_unknown_without_enough_samples_or_a_watched_bridge():
    assert {status for status, _, _ in growth_levels(soak(samples=(sample(1.0),))).values()} == {"unknown"}
    unwatched = growth_levels(soak(processes=(SIMULATORS,)))
    assert (unwatched["growth.memory"][0], unwatched["growth.descriptors"][0]) == ("unknown", "unknown")


def test_latency_that_rises_on_a_busy_machine_is_unknown():
    busy = tuple(
        sample(float(number), (0.3, 0.2, 0.1), latency={"message": 100.0 + 5 * number}, machine=1.0)
        for number in range(1, 121)
    )
    assert growth_levels(soak(samples=busy))["growth.latency"][0] == "unknown"


def test_other_tests_have_no_growth_unless_a_level_asks_for_it():
    assert growth_levels(campaign()) == {}
    assert growth_levels(campaign(), "growth: {memory: 10%}")["growth.memory"][0] == "fail"


def test_growth_in_a_short_test_names_an_option_that_it_has():
    def remedy(kind: str) -> str:
        short = judge(result(kind=kind), parse_levels("growth: {memory: 5%}", "levels.yaml"))
        return next(level.why for level in short.levels if level.id == "growth.memory")

    assert "Use more --customers:" in remedy("campaign")
    assert "Use a longer --seconds:" in remedy("triggers")
