"""Example results of load tests: a correct campaign, late triggers, and an empty result."""

from math import sin

from sendproof_harness.load.model import HistoryCheck, Latency, LoadResult, Loss, Process, Sample, Stage

BRIDGE = Process(role="bridge", name="bridge", pid=102, peak_mb=412.3, cpu_seconds=701.0)
SIMULATORS = Process(role="simulators", name="simulators", pid=101, peak_mb=618.0, cpu_seconds=310.5)
GENERATOR = Process(role="load generator", name="load generator", pid=103, peak_mb=96.0, cpu_seconds=41.2)


def latency(name: str, **fields) -> Latency:
    """Return a latency with a median of 12 ms and a p99 of 210 ms."""
    defaults = {
        "since": "the request", "count": 102, "failed": 0,
        "p50": 12.0, "p90": 31.0, "p95": 42.31, "p99": 210.0, "longest": 812.0,
    }  # fmt: skip
    return Latency(name=name, **(defaults | fields))


def loss(name: str, count: int = 0, looked_at: int = 1_000_000, **fields) -> Loss:
    """Return a loss of messages, blamed on the bridge."""
    return Loss(
        **({"name": name, "count": count, "looked_at": looked_at, "unit": "messages", "blame": "bridge"} | fields)
    )


def checked(name: str, **fields) -> HistoryCheck:
    """Return a check of the history that looked at a million messages and passed."""
    defaults = {"title": name.capitalize(), "requirement": "R402", "status": "pass", "looked_at": 1_000_000}
    return HistoryCheck(id=name, unit="messages", **(defaults | fields))


def sample(at: float, cores: tuple[float, float, float] = (0.5, 0.3, 0.1), **fields) -> Sample:
    """Return a sample; `cores` are those of bridge, simulators and load generator."""
    names = ("bridge", "simulators", "load generator")
    return Sample(at=at, cores=dict(zip(names, cores, strict=True)), **({"machine": sum(cores) / 2} | fields))


def result(**fields) -> LoadResult:
    """Return a result of a campaign to a million customers, without observations."""
    defaults = {
        "kind": "campaign", "title": "A campaign of 1,000,000 customers", "seed": 7, "began": "2026-03-02T09:00:00Z",
        "settings": {"customers": "1,000,000", "provider": "textlocal"}, "seconds": 840.0, "processors": 2,
    }  # fmt: skip
    return LoadResult(**(defaults | fields))


def campaign(**fields) -> LoadResult:
    """Return a result without losses: a million messages at 1,250 per second by a bridge that uses a processor."""
    defaults = {
        "stages": (
            Stage(name="reading", unit="rows", count=1_000_000, seconds=62.5),
            Stage(name="sending", unit="messages", count=1_000_000, seconds=800.0),
            Stage(name="receipts", unit="receipts", count=1_000_000, seconds=810.0),
        ),
        "latencies": (latency("acknowledgement"), latency("page", count=1_000, p50=3.2, p95=9.25, p99=14.0)),
        "losses": tuple(map(loss, ("lost", "duplicated", "wrong text", "wrong number", "early", "late"))),
        "processes": (SIMULATORS, BRIDGE, GENERATOR),
        "samples": tuple(_campaign_sample(number) for number in range(1, 841)),
    }
    return result(**(defaults | fields))


def _campaign_sample(number: int) -> Sample:
    is_sending = number <= 800
    return sample(
        float(number),
        (0.97, 0.38 + sin(number / 40) / 10, 0.05) if is_sending else (0.2, 0.1, 0.02),
        counts={
            "reading": min(1_000_000, number * 16_000),
            "sending": min(1_000_000, number * 1_250),
            "receipts": max(0, min(1_000_000, (number - 10) * 1_235)),
        },
        latency={"page": 5 + sin(number / 3) * 2} if number <= 63 else {},
        memory_mb={"bridge": 180 + number * 0.27, "simulators": 610.0, "load generator": 90.0},
    )


def triggers(**fields) -> LoadResult:
    """Return a result of 100 triggers per second for a minute: late messages, and some lost or duplicated."""
    examples = ("C0000042: no message to 447100000042", "C0000077: no message to 447100000077")
    defaults = {
        "kind": "triggers", "title": "100 triggers per second for 1 minute", "seconds": 66.0,
        "settings": {"triggers per second": "100", "shape": "steady", "provider": "delivyr"},
        "stages": (
            Stage(name="triggers", unit="triggers", count=6_000, seconds=60.0),
            Stage(name="sending", unit="messages", count=5_988, seconds=63.0),
        ),
        "latencies": (
            latency("message", since="the intended start", count=5_988, failed=7, p50=310.0, p95=2_412.0, p99=3_105.5),
            latency("acknowledgement", count=6_000),
        ),
        "losses": (
            loss("lost", 12, 6_000, unit="triggers", examples=examples),
            loss("duplicated", 1, 5_988, examples=("C0000311: 2 messages to 447100000311",)),
            loss("wrong text", 0, 5_988),
        ),
        "processes": (SIMULATORS, BRIDGE, GENERATOR),
        "samples": tuple(_trigger_sample(number) for number in range(1, 67)),
    }  # fmt: skip
    return result(**(defaults | fields))


def _trigger_sample(number: int) -> Sample:
    return sample(
        float(number),
        (0.42 + sin(number / 5) / 10, 0.2, 0.15),
        counts={"triggers": min(6_000, number * 100), "sending": max(0, min(5_988, (number - 2) * 95))},
        latency={"message": 300 + 35.0 * number, "acknowledgement": 40 + sin(number) * 10} if number <= 63 else {},
        memory_mb={"bridge": 96 + number / 2, "simulators": 120.0, "load generator": 91.0},
        behind_ms=4.0 + number % 7,
    )


def soak(memory=200.0, descriptors=400, message=50.0, seconds=7200.0, **fields) -> LoadResult:
    """Return a result of a soak of two minutes at work, in which the measures of the bridge rise by these amounts."""
    defaults = {
        "kind": "soak", "title": "A soak", "seconds": seconds, "settings": {},
        "latencies": (latency("message", since="the intended start"),),
        "losses": (loss("lost"),),
        "processes": (SIMULATORS, BRIDGE, GENERATOR),
        "samples": tuple(
            sample(
                float(number),
                latency={"message": 100 + message * number / 120},
                memory_mb={"bridge": 100 + memory * number / 120},
                descriptors={"bridge": round(20 + descriptors * number / 120)},
            )
            for number in range(1, 121)
        ),
    }  # fmt: skip
    return result(**(defaults | fields))
