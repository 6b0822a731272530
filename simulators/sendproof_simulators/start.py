"""The start of the simulators: by the command `up`, or by another program.

Each run of the harness starts them with the same words. typer, rich and pydantic would be a fifth of such a start, so
it goes without a parser. Whatever else the command line or the environment says is for `up`.
"""

import gc
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sendproof_simulators.output import echo
from sendproof_simulators.program import EXIT_ERROR, raise_by_ctrl_c

if TYPE_CHECKING:
    from sendproof_simulators.server.addresses import Listening
    from sendproof_simulators.server.default_sandbox import DefaultSandbox

#: The variables that say the same as options of `up`.
STRICT_VARIABLE, WORKERS_VARIABLE, TOKEN_VARIABLE = "SENDPROOF_STRICT", "SENDPROOF_WORKERS", "SENDPROOF_CONTROL_TOKEN"

_PLAIN_WORDS = ("up", "--json", "--port", "0")
_PLAIN_STRICT = {"": False, "1": True}


def is_plain(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return True for the command line of another program, with no other setting in the environment."""
    is_default = not any(environment.get(name) for name in (WORKERS_VARIABLE, TOKEN_VARIABLE))
    return tuple(arguments) == _PLAIN_WORDS and is_default and environment.get(STRICT_VARIABLE, "") in _PLAIN_STRICT


def start_plainly(environment: Mapping[str, str]) -> int:
    """Do what `up --json --port 0` does in this environment, and return the exit status."""
    gc.disable()  # until `serve` has exempted what lives as long as the process
    import msgspec  # noqa: PLC0415 - only now: the collector would look at all that an import creates

    from sendproof_simulators.server.addresses import Listening  # noqa: PLC0415
    from sendproof_simulators.server.default_sandbox import DefaultSandbox  # noqa: PLC0415

    def announce(addresses: dict[str, Any]) -> None:
        echo(msgspec.json.encode(addresses).decode())

    return start(
        Listening(port=0), DefaultSandbox(), announce, strict=_PLAIN_STRICT[environment.get(STRICT_VARIABLE, "")]
    )


def start(
    listening: "Listening",
    default: "DefaultSandbox",
    announce: Callable[[dict[str, Any]], None],
    *,
    strict: bool = False,
    workers: int = 1,
) -> int:
    """Serve until interrupted, and return the exit status: that of an error if `strict` found violations."""
    # Programs that only show their help start faster without the servers.
    from sendproof_simulators.server.server import serve  # noqa: PLC0415

    raise_by_ctrl_c()
    try:
        violations = serve(listening, announce, default, strict=strict, workers=workers)
    except (OSError, ValueError) as error:
        echo(f"sendproof: {error}", err=True)
        return EXIT_ERROR
    for text, times in violations.items():
        echo(f"sendproof: {text} ({times} times)", err=True)
    return EXIT_ERROR if violations else 0
