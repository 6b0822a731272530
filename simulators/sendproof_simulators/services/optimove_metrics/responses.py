"""The form of responses.

assumed: like the responses of its sibling, the API for server-side events
(https://developer.optimove.com/docs/serverside).
"""

from sendproof_simulators.core.http import Problem, Response, json_response
from sendproof_simulators.core.simulator import SandboxContext


def success_response(context: SandboxContext, message_id: str) -> Response:
    """Return the response if all events were saved."""
    if context.dialects["success_body"] == "empty":
        return Response()
    return json_response({"status": "success", "message": message_id})


def error_response(status: int, message: str) -> Response:
    """Return the response if no event was saved."""
    return json_response({"status": "error", "message": message}, status=status)


def problem_response(problem: Problem) -> Response:
    """Return the response to a request that did not reach the operation."""
    violations = "; ".join(f"{violation.where}: {violation.message}" for violation in problem.violations)
    return error_response(problem.status, violations or problem.detail or problem.kind.replace("_", " "))
