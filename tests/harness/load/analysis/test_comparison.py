"""Comparison of two results: which differences matter."""

import pytest

from load_results import BRIDGE, GENERATOR, SIMULATORS, checked, latency, loss, result, sample
from sendproof_harness.load.analysis.comparison import Comparison, compare
from sendproof_harness.load.model import LoadResult, Process, Stage
from sendproof_harness.load.report.comparison import document, summary


def campaign_at(rate: float, *, wobble: float = 0.0, cores: float = 0.5, **fields) -> LoadResult:
    """Return a result of 60 seconds of sending at about this rate."""
    rates = [rate * (1 + wobble * (-1) ** second) for second in range(60)]
    samples = tuple(
        sample(
            second + 1.0,
            (cores, 0.3, 0.1),
            counts={"sending": round(sum(rates[: second + 1]))},
            latency={"receipt": 10.0 * (1 + wobble * (-1) ** second)},
        )
        for second in range(60)
    )
    defaults = {
        "stages": (Stage(name="sending", unit="messages", count=round(60 * rate), seconds=60.0),),
        "latencies": (latency("receipt", p50=10.0, p95=20.0),),
        "losses": (loss("lost"),),
        "processes": (SIMULATORS, BRIDGE, GENERATOR),
        "samples": samples,
    }
    return result(**(defaults | fields))


def differences(comparison: Comparison) -> dict[str, str]:
    return {compared.measure: compared.difference for compared in comparison.measures}


def test_same_result_has_no_difference():
    comparison = compare(campaign_at(100), campaign_at(100))
    assert (set(differences(comparison).values()), comparison.status) == ({"same"}, "pass")
    assert summary(comparison) == "No difference matters."


@pytest.mark.parametrize(("rate", "difference"), [(50, "worse"), (95, "same"), (105, "same"), (150, "better")])
def test_throughput_matters_beyond_a_tenth(rate: int, difference: str):
    assert differences(compare(campaign_at(100), campaign_at(rate)))["throughput of sending"] == difference


def test_latency_matters_in_the_other_direction():
    slower = campaign_at(100, latencies=(latency("receipt", p50=10.0, p95=40.0),))
    comparison = compare(campaign_at(100), slower)
    assert differences(comparison)["receipt latency, p95"] == "worse"
    assert (comparison.status, summary(comparison)) == ("fail", "Worse: receipt latency, p95 (2.00 times).")


def test_difference_within_the_noise_of_the_samples_does_not_matter():
    """Rates that jump between a tenth and twice of their mean say nothing about a fifth."""
    steady = differences(compare(campaign_at(100), campaign_at(80)))
    noisy = differences(compare(campaign_at(100, wobble=0.9), campaign_at(80, wobble=0.9)))
    assert (steady["throughput of sending"], noisy["throughput of sending"]) == ("worse", "same")


def with_costs(cpu_seconds: float, *, busy: float = 0.0) -> LoadResult:
    """Return a result with this processor time of the bridge, on a machine with a share of busy time."""
    samples = tuple(part.__class__(**{**_fields(part), "machine": busy}) for part in campaign_at(50).samples)
    bridge = Process(role="bridge", name="bridge", pid=1, peak_mb=412.3, cpu_seconds=cpu_seconds)
    return campaign_at(50, samples=samples, processes=(SIMULATORS, bridge, GENERATOR))


def test_speed_of_a_busy_machine_is_unknown_but_processor_time_is_compared():
    found = differences(compare(with_costs(700), with_costs(1_400, busy=1.0)))
    assert found["throughput of sending"] == "unknown"
    assert found["processor time of the bridge, per event of sending"] == "worse"


@pytest.mark.parametrize(("busy", "difference"), [(0.0, "worse"), (1.0, "same")])
def test_other_programs_of_a_busy_machine_make_the_same_work_cost_more(busy: float, difference: str):
    """Two equal tests next to many other programs differed by 22 %."""
    found = differences(compare(with_costs(700), with_costs(854, busy=busy)))
    assert found["processor time of the bridge, per event of sending"] == difference


def test_other_settings_or_few_samples_make_speeds_unknown():
    other = compare(campaign_at(100), campaign_at(100, settings={"customers": "5", "provider": "textlocal"}))
    assert (other.settings, other.status) == (("customers",), "unknown")
    few = compare(campaign_at(100), campaign_at(100, samples=()))
    assert differences(few)["throughput of sending"] == "unknown"


def test_another_loss_is_worse_and_a_repaired_one_better():
    lossy = campaign_at(100, losses=(loss("lost", 1),))
    assert differences(compare(campaign_at(100), lossy))["lost"] == "worse"
    repaired = compare(lossy, campaign_at(100))
    assert (differences(repaired)["lost"], repaired.status) == ("better", "pass")


def judged(**fields) -> LoadResult:
    """Return a result with the check of the texts in its history."""
    return campaign_at(100, checks=(checked("delivery.text", requirement="R403", **fields),))


def test_more_findings_of_a_check_are_worse():
    comparison = compare(judged(), judged(status="fail", count=273, blame="bridge"))
    assert (comparison.status, summary(comparison)) == (
        "fail",
        "Worse: findings of R403 (delivery.text) (0 to 273).",
    )


@pytest.mark.parametrize("later", [judged(status="unknown"), campaign_at(100)], ids=["undecided", "missing"])
def test_check_of_only_one_result_is_unknown(later: LoadResult):
    comparison = compare(judged(), later)
    (findings,) = (compared for compared in comparison.measures if compared.measure.startswith("findings"))
    assert (findings.earlier, findings.later, findings.difference) == (0, None, "unknown")
    assert (findings.why, comparison.status) == ("only one of the results has it", "unknown")


def test_loss_that_only_one_test_looked_for_is_unknown():
    comparison = compare(campaign_at(100, losses=(loss("lost", looked_at=0),)), campaign_at(100))
    assert (differences(comparison)["lost"], comparison.status) == ("unknown", "unknown")


def test_stage_of_only_one_result_is_shown():
    reports = Stage(name="reports", unit="reports", count=60, seconds=60.0)
    stages = (*campaign_at(100).stages, reports)
    comparison = compare(campaign_at(100, stages=stages), campaign_at(100))
    assert (differences(comparison)["throughput of reports"], comparison.status) == ("unknown", "unknown")


def test_test_that_ended_early_is_unknown_and_only_its_losses_count():
    ended = {"abort_reason": "load generator 2 reported nothing for 60 s", "abort_blame": "harness"}
    comparison = compare(campaign_at(100), campaign_at(50, **ended))
    assert (set(differences(comparison).values()), comparison.status) == ({"unknown"}, "unknown")
    assert comparison.early_ends == (f"the later test ended early: {ended['abort_reason']}",)
    lossy = compare(campaign_at(100), campaign_at(50, losses=(loss("lost", 1),), **ended))
    assert (differences(lossy)["lost"], lossy.status) == ("worse", "fail")


def test_other_kinds_are_refused():
    with pytest.raises(ValueError, match="same kind of load test, got campaign and triggers"):
        compare(campaign_at(100), campaign_at(100, kind="triggers"))


def test_json_has_the_ratio_of_each_measure():
    content = document(compare(campaign_at(100), campaign_at(50)))
    (throughput,) = (row for row in content["measures"] if row["measure"] == "throughput of sending")
    assert (content["verdict"], throughput["ratio"], throughput["difference"]) == ("fail", 0.5, "worse")


def _fields(part) -> dict[str, object]:
    return {name: getattr(part, name) for name in part.__struct_fields__}
