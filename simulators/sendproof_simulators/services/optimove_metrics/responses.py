"""The form of answers.

assumed: as its sibling, the API for server-side events, answers (https://developer.optimove.com/docs/serverside).
"""

from sendproof_simulators.core.http import Problem, Reply, json_reply
from sendproof_simulators.core.simulator import World


def saved(world: World, message: str) -> Reply:
    """Everything was saved."""
    if world.dialect("optimove-metrics.success_body") == "empty":
        return Reply()
    return json_reply({"status": "success", "message": message})


def refused(status: int, message: str) -> Reply:
    """Nothing was saved."""
    return json_reply({"status": "error", "message": message}, status=status)


def error(problem: Problem) -> Reply:
    """A refusal that came before the operation."""
    said = "; ".join(f"{violation.where}: {violation.message}" for violation in problem.violations)
    return refused(problem.status, said or problem.detail or problem.kind.replace("_", " "))
