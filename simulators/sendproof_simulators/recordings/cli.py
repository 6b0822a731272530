"""The command `proxy`, and the parts of `contract` and `dialects` that read a HAR file.

Heavy modules are imported when a command is called, so that other commands start quickly.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sendproof_simulators.command_line import failure, print_json
from sendproof_simulators.output import echo
from sendproof_simulators.program import raise_by_ctrl_c

if TYPE_CHECKING:
    from sendproof_simulators.recordings.dialect_signs import Observation
    from sendproof_simulators.recordings.judging import CallJudge
    from sendproof_simulators.recordings.known_contracts import Address, KnownContracts

ServiceUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        metavar="NAME=URL",
        help="URL of a service in the recording. Repeat it for more.",
        show_default=False,
    ),
]
CallbackUrls = Annotated[
    list[str] | None,
    typer.Option(
        "--callbacks",
        metavar="NAME=URL",
        help="URL at which the bridge gets the calls of a service. Repeat it for more.",
        show_default=False,
    ),
]


def proxy(
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="NAME=URL", help="Pass calls to this service on to its URL. Repeat it for more."),
    ] = None,
    callbacks: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=URL", help="Pass calls of this service on to the bridge. Repeat it for more."),
    ] = None,
    har: Annotated[Path, typer.Option(help="File for the recording; an earlier one is replaced.")] = Path(
        "traffic.har"
    ),
    port: Annotated[
        int, typer.Option(help="Port of the first endpoint; others use the next ones. 0: any free.", min=0, max=65_535)
    ] = 4200,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the URLs, and at the end the judgement.")] = False,
) -> None:
    """Pass calls on to real services, and record and judge them.

    Each endpoint gets a port. A bridge that uses its URL reaches the service that you named, and nothing else. Requests
    and responses are passed on unchanged, and judged by the contracts. Ctrl-C ends the proxy and prints the judgement.

    The recording has no credentials, but numbers and texts of customers.

    Exit status: 0 the contracts were kept, 1 the bridge broke one, 2 unknown, 3 error.

    Example: sendproof proxy --to optimove=https://api4.optimove.net --to textlocal=https://api.txtlocal.com
    """
    from importlib.metadata import version  # noqa: PLC0415 - see the docstring of this module

    from sendproof_simulators.recordings.proxy_server import ProxySettings, serve_proxy  # noqa: PLC0415

    addresses = _addresses("--to", to, callbacks)
    if not addresses:
        raise failure(
            "expected at least one --to or --callbacks, got none; name an endpoint such as optimove=https://…"
        )
    judge = _judge(addresses)
    settings = ProxySettings(addresses=addresses, host=host, port=port, har=har, version=version("sendproof"))

    def announce(ports: "Mapping[int, Address]") -> None:
        _announce(host, ports, har, as_json=json)

    try:
        raise_by_ctrl_c()
        recorder = serve_proxy(settings, judge, announce)
    except OSError as error:
        raise failure(f"{error.filename}: {error.strerror}" if error.filename else error) from None
    if recorder is not None and recorder.lost:
        echo(f"sendproof: {recorder.lost} calls were passed on, and not recorded", err=True)
    _print_judgement(judge, (), str(har), as_json=json)


def judge_recording(
    har: Path, services: Sequence[str] | None, callbacks: Sequence[str] | None, *, as_json: bool
) -> NoReturn:
    """Judge the calls in a HAR file, print the judgement, and exit with its status."""
    from sendproof_simulators.recordings.dialect_signs import changed_dialects, observe  # noqa: PLC0415 - as above
    from sendproof_simulators.recordings.har_reader import read_har  # noqa: PLC0415
    from sendproof_simulators.recordings.judging import CallJudge  # noqa: PLC0415

    addresses = _addresses("--service", services, callbacks)
    try:
        calls = read_har(har)
    except ValueError as error:
        raise failure(error) from None
    known = _known(addresses)
    observations = observe(known, calls)
    judge = CallJudge(known, changed_dialects(observations))
    for call in calls:
        judge.add(call)
    _print_judgement(judge, observations, har.name, as_json=as_json)


def print_observed_dialects(
    har: Path, services: Sequence[str] | None, callbacks: Sequence[str] | None, *, as_json: bool
) -> None:
    """Print the dialects that the calls in a HAR file show."""
    from dataclasses import asdict  # noqa: PLC0415 - as above

    from sendproof_simulators.recordings.dialect_signs import observe  # noqa: PLC0415
    from sendproof_simulators.recordings.har_reader import read_har  # noqa: PLC0415
    from sendproof_simulators.recordings.rendering import observation_text  # noqa: PLC0415

    addresses = _addresses("--service", services, callbacks)
    try:
        observations = observe(_known(addresses), read_har(har))
    except ValueError as error:
        raise failure(error) from None
    if as_json:
        print_json([asdict(observation) for observation in observations])
        return
    for observation in observations:
        if observation.calls:
            echo(observation_text(observation))
    open_ones = [observation.dialect for observation in observations if not observation.calls]
    if open_ones:
        echo(f"not shown by this recording: {', '.join(open_ones)}")
    if not observations:
        echo("no call of a known service; name the services with --service NAME=URL")


def _addresses(option: str, services: Sequence[str] | None, callbacks: Sequence[str] | None) -> "list[Address]":
    from sendproof_simulators.recordings.known_contracts import parse_addresses  # noqa: PLC0415 - as above
    from sendproof_simulators.recordings.recorded_call import CALL, CALLBACK  # noqa: PLC0415

    try:
        called = parse_addresses(option, services or (), CALL)
        return [*called, *parse_addresses("--callbacks", callbacks or (), CALLBACK)]
    except ValueError as error:
        raise failure(error) from None


def _known(addresses: "Sequence[Address]") -> "KnownContracts":
    from sendproof_simulators.recordings.known_contracts import KnownContracts  # noqa: PLC0415 - as above

    try:
        return KnownContracts(addresses)
    except ValueError as error:
        raise failure(error) from None


def _judge(addresses: "Sequence[Address]") -> "CallJudge":
    from sendproof_simulators.recordings.judging import CallJudge  # noqa: PLC0415 - as above

    return CallJudge(_known(addresses))


def _announce(host: str, ports: "Mapping[int, Address]", har: Path, *, as_json: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    endpoints = [
        {"service": known.service, "role": known.role, "url": f"http://{shown}:{port}", "passes_to": known.url}
        for port, known in ports.items()
    ]
    if as_json:
        print_json({"endpoints": endpoints, "har": str(har)})
        return
    for endpoint in endpoints:
        echo(f"{endpoint['service']} ({endpoint['role']}): {endpoint['url']} -> {endpoint['passes_to']}")
    echo(f"\nPoint the bridge at these URLs. The recording is in {har}. Stop the proxy with Ctrl-C.")


def _print_judgement(
    judge: "CallJudge", observations: "Sequence[Observation]", source: str, *, as_json: bool
) -> NoReturn:
    from sendproof_simulators.recordings import rendering  # noqa: PLC0415 - as above

    proposed = rendering.proposals(judge.known, judge.judgement, source)
    if as_json:
        print_json(rendering.as_json(judge.judgement, proposed, observations))
    else:
        for line in rendering.text_lines(judge.judgement, proposed, observations):
            echo(line)
    raise typer.Exit(rendering.EXIT_STATUS[rendering.verdict(judge.judgement)])
