"""The form of answers.

assumed: as its sibling, the API for server-side events, answers (https://developer.optimove.com/docs/serverside).
"""

from sendproof_simulators.core.http import Problem, Response, json_response
from sendproof_simulators.core.simulator import SandboxContext


def saved(context: SandboxContext, message: str) -> Response:
    """Everything was saved."""
    if context.dialects["success_body"] == "empty":
        return Response()
    return json_response({"status": "success", "message": message})


def refused(status: int, message: str) -> Response:
    """Nothing was saved."""
    return json_response({"status": "error", "message": message}, status=status)


def error(problem: Problem) -> Response:
    """A refusal that came before the operation."""
    said = "; ".join(f"{violation.where}: {violation.message}" for violation in problem.violations)
    return refused(problem.status, said or problem.detail or problem.kind.replace("_", " "))
