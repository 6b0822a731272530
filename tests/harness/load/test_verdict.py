"""What a result comes to, held against levels."""

import pytest

from load_results import BRIDGE, GENERATOR, SIMULATORS, campaign, latency, loss, result, sample, triggers
from sendproof_harness.load.model import LoadResult, Sample, Stage
from sendproof_harness.load.service_levels import parse_levels
from sendproof_harness.load.verdict import JudgedLevel, LoadVerdict, judge

ALL = (BRIDGE, SIMULATORS, GENERATOR)
IDLE = (
    "Nobody was the limit of {}, everybody waited for somebody: "
    "the bridge used 0.50 processors, the simulators 0.30 and the load generator 0.10."
)
BUSY_SIMULATORS = (
    "The simulators were the limit of {}: they used a whole processor for 100% of the time, "
    "while the bridge used 0.60 processors and the load generator 0.10."
)


def judged(one: LoadResult, levels: str = "{}") -> LoadVerdict:
    """The verdict for levels as a file says them."""
    return judge(one, parse_levels(levels, "levels.yaml"))


def only(one: LoadResult, levels: str) -> JudgedLevel:
    """The one level that is judged."""
    (level,) = judged(one, levels).judged
    return level


def sending(per_second: int, *samples: Sample, **more) -> LoadResult:
    """Ten seconds of sending, watched."""
    stage = Stage(name="sending", unit="messages", count=10 * per_second, seconds=10.0)
    return result(**({"stages": (stage,), "processes": ALL, "samples": samples} | more))


def answered(p95: float, *samples: Sample, **more) -> LoadResult:
    """A hundred acknowledgements, watched."""
    return result(
        **({"latencies": (latency("acknowledgement", p95=p95),), "processes": ALL, "samples": samples} | more)
    )


def test_all_is_well():
    """Every loss is asked after without being named; the worst level decides, and here there is none."""
    verdict = judged(campaign(), "throughput: {sending: 1250}\nlatency: {acknowledgement: {p99: 210 ms}}")

    assert (verdict.status, verdict.exit_status) == ("pass", 0)
    assert [one.id for one in verdict.judged] == [
        "loss.lost", "loss.duplicated", "loss.wrong text", "loss.wrong number", "loss.early", "loss.late",
        "throughput.sending", "latency.acknowledgement.p99",
    ]  # fmt: skip
    assert {(one.status, one.blame) for one in verdict.judged} == {("pass", None)}


def test_nothing_observed_and_nothing_asked():
    """It proves nothing that no loss was found where nobody looked for one."""
    assert (judged(result()).status, judged(result()).exit_status) == ("unknown", 2)


def test_a_loss():
    """Whose it is says the loss; the examples come along."""
    verdict = judged(triggers())

    assert (verdict.status, verdict.exit_status) == ("fail", 1)
    assert verdict.judged[0] == JudgedLevel(
        id="loss.lost",
        title="Lost",
        status="fail",
        expected="none",
        got="12 of 6,000 triggers",
        blame="bridge",
        examples=("C0000042: no message to 447100000042", "C0000077: no message to 447100000077"),
    )


def test_losses_that_may_be():
    """So many as the level grants, and not one more."""
    within, beyond = (only(result(losses=(loss("late", count, 99),)), "losses: {late: 3}") for count in (3, 4))

    assert (within.status, within.expected, within.got) == ("pass", "at most 3", "3 of 99 messages")
    assert (beyond.status, beyond.blame) == ("fail", "bridge")


def test_a_loss_is_a_fail_whoever_was_busy():
    """A saturated harness makes messages late, not lost."""
    busy = sample(1.0, (0.6, 0.97, 0.1))
    assert judged(result(losses=(loss("lost", 1),), processes=ALL, samples=(busy,))).status == "fail"


def test_a_loss_that_nobody_could_look_for():
    """With nothing to look at, nothing is said; unless something is wrong all the same."""
    nothing = only(result(losses=(loss("misreported", 0, 0, unit="statements"),)), "{}")
    something = only(result(losses=(loss("unexpected", 2, 0),)), "{}")

    assert (nothing.status, nothing.got, nothing.blame) == ("unknown", "nothing to look at: no statements", None)
    assert something.status == "fail"


@pytest.mark.parametrize(
    ("levels", "observed"),
    [
        ("losses: {lostt: 3}", '"lost" and "duplicated"'),
        ("throughput: {sendng: 10}", '"sending"'),
        ("latency: {message: {p95: 1 s}}", '"acknowledgement" and "page"'),
        ("memory: {load generator: 1 GB}", '"bridge"'),
    ],
)
def test_a_level_for_what_is_not_observed(levels, observed):
    """It is unknown, and says what there is, as it may be misspelt."""
    one = campaign(
        stages=(Stage(name="sending", unit="messages", count=9, seconds=1.0),),
        losses=(loss("lost"), loss("duplicated")),
        processes=(BRIDGE,),
    )
    level = judged(one, levels).judged[-1]
    assert (level.status, level.got, level.blame) == ("unknown", "not observed", "config")
    assert level.why == f"This load test observes {observed}."


def test_a_level_where_nothing_was_observed():
    """Then nobody has misspelt anything."""
    level = only(result(), "throughput: {sending: 10}")
    assert (level.status, level.got, level.blame, level.why) == ("unknown", "not observed", None, "")


def test_a_stage_is_quick_enough():
    """Met is met, whoever was busy."""
    level = only(sending(1_000, sample(1.0, (0.6, 0.97, 0.1))), "throughput: {sending: 1000}")
    assert (level.status, level.expected, level.got) == ("pass", "at least 1,000 a second", "1,000 a second")


def test_a_stage_is_too_slow():
    """Everybody else had more to give, so it is the bridge."""
    level = only(sending(999, sample(1.0)), "throughput: {sending: 1000}")
    assert (level.status, level.blame, level.why) == ("fail", "bridge", IDLE.format("sending"))


def test_a_stage_is_too_slow_while_the_simulators_were_busy():
    """Nobody can say what the bridge could have done."""
    level = only(sending(999, sample(1.0, (0.6, 0.97, 0.1), machine=0.8)), "throughput: {sending: 1000}")
    assert (level.status, level.blame, level.why) == ("unknown", "harness", BUSY_SIMULATORS.format("sending"))


@pytest.mark.parametrize(
    "busy", [sample(1.0, (0.6, 0.2, 0.9)), sample(1.0, (0.7, 0.7, 0.5), machine=0.95)], ids=["generator", "machine"]
)
def test_a_stage_is_too_slow_while_somebody_else_was_busy(busy):
    """Of the load generator and the machine the same is true."""
    level = only(sending(999, busy), "throughput: {sending: 1000}")
    assert (level.status, level.blame) == ("unknown", "harness")


def test_a_stage_is_too_slow_and_nobody_watched():
    """That the others had more to give was not observed."""
    level = only(sending(999), "throughput: {sending: 1000}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == (
        "Nobody can say who was the limit of sending: the simulators and the load generator were not watched."
    )


def test_only_the_time_of_the_stage_counts():
    """Simulators that were busy before it began excuse nothing."""
    before = sample(1.0, (0.1, 0.99, 0.1), counts={"sending": 0})
    during = sample(11.0, counts={"sending": 9_990})
    level = only(sending(999, before, during), "throughput: {sending: 1000}")
    assert (level.status, level.why) == ("fail", IDLE.format("sending"))


def test_a_stage_of_no_time():
    """One event has no pace."""
    one = result(stages=(Stage(name="sending", unit="messages", count=1, seconds=0.0),))
    level = only(one, "throughput: {sending: 1000}")
    assert (level.status, level.got) == ("unknown", "1 message in no time")


def test_answers_come_quickly_enough():
    """To the millisecond that is granted."""
    level = only(answered(500.0, sample(1.0)), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.expected, level.got) == ("pass", "at most 500 ms", "500 ms")


def test_answers_come_too_late():
    """What is missed by a hair does not read as if it had been met."""
    level = only(answered(500.01, sample(1.0)), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.got, level.blame) == ("fail", "500.1 ms", "bridge")
    assert level.why == IDLE.format("acknowledgement latency")


def test_answers_come_too_late_while_the_simulators_were_busy():
    """Nobody can say how quick the bridge would have been."""
    level = only(answered(501.0, sample(1.0, (0.6, 0.97, 0.1))), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == BUSY_SIMULATORS.format("acknowledgement latency")


@pytest.mark.parametrize("p95", [3.0, 3_000.0], ids=["met", "missed"])
def test_a_load_generator_behind_its_plan(p95):
    """Latencies then say nothing, whether they are met or missed."""
    late = sample(1.0, latency={"acknowledgement": p95}, behind_ms=230.0)
    level = only(answered(p95, late), "latency: {acknowledgement: {p95: 500 ms}}")
    assert (level.status, level.blame) == ("unknown", "harness")
    assert level.why == "The load generator was more than 100 ms behind its plan for 100% of the time."


def test_a_load_generator_that_is_late_once():
    """One second of twenty is no reason to say nothing; two are."""

    def said(*late):
        lags = [
            sample(float(at), latency={"acknowledgement": 3.0}, behind_ms=230.0 if at in late else 2.0)
            for at in range(1, 21)
        ]
        return only(answered(3.0, *lags), "latency: {acknowledgement: {p95: 500 ms}}").status

    assert (said(7), said(7, 8)) == ("pass", "unknown")


def test_a_late_load_generator_cannot_make_it_look_quicker_from_the_intended_start():
    """What is met with all the lateness in it is met; what is missed may be the load generator's own."""
    late = sample(1.0, latency={"message": 300.0}, behind_ms=230.0)
    one = result(latencies=(latency("message", since="the intended start", p95=300.0),), samples=(late,))
    assert only(one, "latency: {message: {p95: 300 ms}}").status == "pass"
    assert only(one, "latency: {message: {p95: 299 ms}}").status == "unknown"


def test_a_load_generator_not_so_far_behind():
    """How far it may be is a level, too; and it matters only while something is timed."""
    timed, later = sample(1.0, latency={"acknowledgement": 3.0}, behind_ms=230.0), sample(2.0, behind_ms=999.0)
    one = answered(3.0, timed, later)
    assert only(one, "latency: {acknowledgement: {p95: 500 ms}}\nbehind: 0.25 s").status == "pass"


def test_no_answer_at_all():
    """Then there is nothing to time."""
    one = result(latencies=(latency("page", count=0, p50=0, p90=0, p95=0, p99=0, longest=0),))
    level = only(one, "latency: {page: {longest: 1 s}}")
    assert (level.status, level.expected, level.got) == ("unknown", "at most 1 s", "nothing to time")


def test_calls_that_fail():
    """Of all latencies together, exactly."""
    one = result(latencies=(latency("message", count=999, failed=1), latency("page", count=1)))
    met, missed = only(one, "failed: 0.1%"), only(one, "failed: 0.0999%")

    assert (met.status, met.expected, met.got) == ("pass", "at most 0.1%", "0.1%: 1 of 1,000 calls")
    assert (missed.status, missed.blame) == ("fail", "bridge")


def test_no_call_that_could_fail():
    """Nobody called, so nobody knows."""
    assert (only(result(), "failed: 1%").status, only(result(), "failed: 1%").got) == ("unknown", "no calls")


def test_memory():
    """Whose it is depends on whose memory it is."""
    one = result(processes=ALL)
    assert only(one, "memory: {bridge: 0.5 GB}").got == "412.3 MB"
    assert (only(one, "memory: {bridge: 412 MB}").status, only(one, "memory: {bridge: 412 MB}").blame) == (
        "fail", "bridge",
    )  # fmt: skip
    assert only(one, "memory: {simulators: 617 MB}").blame == "harness"


@pytest.mark.parametrize(
    ("blame", "status", "exit_status"),
    [("bridge", "fail", 1), ("config", "fail", 1), ("network", "fail", 1), ("harness", "error", 3)],
)
def test_an_early_end(blame, status, exit_status):
    """It stands first; only when Sendproof itself broke, it is an error."""
    verdict = judged(campaign(abort_reason="the process ended with status 1", abort_blame=blame))

    assert (verdict.status, verdict.exit_status) == (status, exit_status)
    assert verdict.judged[0] == JudgedLevel(
        id="end", title="The load test comes to its end", status=status,
        expected="to its end", got="the process ended with status 1", blame=blame,
    )  # fmt: skip


def test_without_a_bridge_the_simulators_are_judged():
    """Busy simulators are then too slow, and not an excuse; a busy load generator still is one."""
    slow = {"kind": "paging", "processes": (SIMULATORS, GENERATOR)}
    level = only(sending(999, sample(1.0, (0, 0.97, 0.1)), **slow), "throughput: {sending: 1000}")
    excused = only(sending(999, sample(1.0, (0, 0.97, 0.95), machine=0.9), **slow), "throughput: {sending: 1000}")

    assert (level.status, level.blame) == ("fail", "harness")
    assert excused.status == "unknown"
