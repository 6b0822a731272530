"""The judge of running sandboxes for many clients at once: a small script counts how often it runs."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from local_simulators import LocalSimulators, local_simulators
from sendproof_harness.interruption import LIFELINE_VARIABLE
from sendproof_harness.run.processes import wait_until
from sendproof_simulators.control.states.judge_process import JudgeError, JudgeProcess

JUDGE = """
import json, sys
with open(sys.argv[1], "a") as runs:
    runs.write(sys.argv[-1] + "\\n")
print(json.dumps({"verdict": "pass", "ended": "2026-03-02T06:00:00Z", "entries": 3}))
"""
BROKEN = "import sys; sys.exit('no judge today')"


def create(simulators: LocalSimulators, name: str) -> None:
    body = json.dumps({"name": name, "seed": 1}).encode()
    simulators.send("POST", "/control/sandboxes", "", {"content-type": "application/json"}, body)


def judged(tmp_path: Path, program: str, names: list[str]) -> tuple[list[object], list[str]]:
    """Request the verdicts on sandboxes, all together; return the results, and the sandboxes that were judged."""
    runs = tmp_path / "runs"
    runs.touch()
    with local_simulators() as simulators:
        for name in sorted(set(names)):
            create(simulators, name)
        judge = JudgeProcess([sys.executable, "-I", "-S", "-c", program, str(runs)])

        async def judge_all() -> list[object]:
            sandboxes = [simulators.app.sandboxes.get(name) for name in names]
            together = (judge.judge(sandbox, "http://127.0.0.1:1") for sandbox in sandboxes)
            return list(await asyncio.gather(*together, return_exceptions=True))

        return simulators.runner.run(judge_all()), runs.read_text().split()


def test_flood_for_one_sandbox_is_judged_once_and_delays_no_other(tmp_path: Path) -> None:
    results, runs = judged(tmp_path, JUDGE, [*["flooded"] * 50, "another"])
    assert [getattr(result, "n", result) for result in results] == [3] * 51
    assert runs == ["flooded", "another"]


def test_every_client_that_waits_gets_the_reason_without_a_verdict(tmp_path: Path) -> None:
    results, _ = judged(tmp_path, BROKEN, ["broken", "broken"])
    assert [str(result) for result in results] == ["the judge gave no verdict: no judge today"] * 2
    assert all(isinstance(result, JudgeError) for result in results)


def test_request_during_a_verdict_gets_a_new_one(tmp_path: Path) -> None:
    """The history that the judge reads already does not contain what came later."""
    runs = tmp_path / "runs"
    with local_simulators() as simulators:
        create(simulators, "a")
        judge = JudgeProcess([sys.executable, "-I", "-S", "-c", JUDGE, str(runs)])

        async def judge_again() -> None:
            sandbox = simulators.app.sandboxes.get("a")
            first = asyncio.ensure_future(judge.judge(sandbox, "http://127.0.0.1:1"))
            assert await asyncio.to_thread(wait_until, runs.exists, 600)
            await asyncio.gather(first, judge.judge(sandbox, "http://127.0.0.1:1"))

        simulators.runner.run(judge_again())
    assert runs.read_text().split() == ["a", "a"]


def test_judge_ends_with_the_simulators_that_started_it() -> None:
    """After SIGKILL they cannot end it, and it would judge a large sandbox for minutes."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**os.environ, LIFELINE_VARIABLE: "1", "SENDPROOF_CONTROL_URL": url}
        command = [sys.executable, "-m", "sendproof_harness", "judge", "--json", "--sandbox", "default"]
        judge = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
        connection, _ = silent.accept()
        assert judge.stdin is not None
        judge.stdin.close()
        assert judge.wait(60) == 3
        connection.close()


def test_verdict_is_given_up_at_the_end_of_the_simulators(tmp_path: Path) -> None:
    """The judge ends by its standard input, as one that still removes its temporary files does."""
    begun, removed = tmp_path / "begun", tmp_path / "removed"
    program = f"import sys; open({str(begun)!r}, 'w'); sys.stdin.read(); open({str(removed)!r}, 'w')"
    with local_simulators() as simulators:
        create(simulators, "a")
        judge = JudgeProcess([sys.executable, "-I", "-S", "-c", program])

        async def end_while_judging() -> str:
            waiting = asyncio.ensure_future(judge.judge(simulators.app.sandboxes.get("a"), "http://127.0.0.1:1"))
            assert await asyncio.to_thread(wait_until, begun.exists, 600)
            judge.end()
            return str((await asyncio.gather(waiting, return_exceptions=True))[0])

        assert simulators.runner.run(end_while_judging()).startswith("the simulators end")
    assert removed.exists()
