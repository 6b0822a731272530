"""The command `certify`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sendproof_harness.cli.options import (
    AsJson,
    Bridge,
    Command,
    ControlUrl,
    Timeout,
    print_json,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.output import echo
from sendproof_harness.providers import DEFAULT_PROVIDER, discover
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.certificate.issue import CertificateOptions
    from sendproof_harness.certificate.statement import Statement
    from sendproof_harness.certificate.suite import Flow
    from sendproof_harness.certificate.verification import Verification
    from sendproof_harness.run.runner import RunOptions

# More lines help no reader, who has the number of them.
_SHOWN = 20


MessageTypes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TYPE",
        help="Type of messages that the bridge sends: sms, push, web_push, inbox or email. Can be repeated.",
        show_default="sms, or what the provider sends",
    ),
]


Verify = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Verify this bundle instead of creating one.", show_default=False),
]
Signers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="With --verify: allowed signers (see ssh-keygen); one must have signed."),
]


def certify(
    bridge: Bridge = None,
    command: Command = None,
    provider: Annotated[str, typer.Option(help="Provider of the channels.")] = DEFAULT_PROVIDER,
    flow: Annotated[str, typer.Option(help="What the bridge serves: scheduled, triggered, or both.")] = "both",
    message: MessageTypes = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File of the bundle. Default: in --results.", show_default=False),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="SSH key that signs the bundle, such as ~/.ssh/id_ed25519."),
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder for reports, histories and logs.")] = Path(
        "results/certificate"
    ),
    control_url: ControlUrl = None,
    timeout: Timeout = 60.0,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Number of scenarios to run at once.")] = 1,
    verify: Verify = None,
    signers: Signers = None,
    json: AsJson = False,
) -> None:
    """Certify a bridge: run a fixed suite, and bundle the evidence.

    The bundle is one zip file: the certificate in HTML and Markdown, every history with its seal, the scenarios, and
    digests of all files. With --key, it is signed.

    With --verify, no bridge and no network is needed. Everything is derived again from the histories alone: by the
    judge, and by a second ledger that shares no code with it.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (it proves nothing, or was altered).

    A bridge that sends other messages than SMS names each type with --message.

    Example: sendproof certify --command "./my-bridge --port 9000" --flow scheduled
    """
    if verify is not None:
        if bridge or command or key or bundle or control_url:
            refuse("--verify: cannot be combined with --bridge, --command, --bundle, --key or --control-url")
        _verify(verify, signers, as_json=json)
    if signers is not None:
        refuse("--signers: expected --verify with it, got none; a new bundle is signed with --key")
    refuse_two_bridges(bridge, command)
    if bridge is not None and parallel > 1:
        refuse("--parallel: expected 1 with --bridge, got more; one bridge cannot serve several scenarios at once")
    from sendproof_harness.certificate.issue import CertificateOptions  # noqa: PLC0415 - see the docstring above
    from sendproof_harness.preflight.checks import handover_problems  # noqa: PLC0415
    from sendproof_harness.run.runner import RunOptions  # noqa: PLC0415

    messages = _messages(provider, message)
    options = CertificateOptions(
        provider=provider,
        flow=_flow(flow),
        messages=messages,
        bundle=bundle or results / f"certificate-{provider}-{flow}{_types(messages)}.zip",
        key=key,
        parallel=parallel,
    )
    run_options = RunOptions(
        bridge=bridge,
        command=command,
        control_url=control_url,
        results=results,
        timeout_s=timeout,
        preflight=handover_problems,
    )
    _issue(options, run_options, as_json=json)


def _issue(options: "CertificateOptions", run_options: "RunOptions", *, as_json: bool) -> NoReturn:
    from sendproof_harness.certificate.document import agreement, covered  # noqa: PLC0415
    from sendproof_harness.certificate.issue import issue, suite_of  # noqa: PLC0415
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415
    from sendproof_harness.session.selection import RunRefusedError  # noqa: PLC0415

    try:
        suite = suite_of(options.provider, options.flow, options.messages)
        statement = issue(options, suite, run_options, Terminal(sys.stderr if as_json else None))
    except RunRefusedError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"--bundle: {options.bundle} cannot be written: {error.strerror}; choose another file")
    if as_json:
        print_json({"bundle": str(options.bundle), "statement": statement})
    else:
        echo(f"\n certificate {statement.status}  {covered(statement)} {agreement(statement)}")
        for line in _runs_to_repair(statement):
            echo(line)
        echo(f" bundle      {options.bundle}")
    raise typer.Exit(EXIT_STATUS[statement.status])


def _flow(text: str) -> "Flow":
    from sendproof_harness.certificate.suite import FLOWS  # noqa: PLC0415
    from sendproof_harness.suggestions import wrong_choice  # noqa: PLC0415

    flow = next((flow for flow in FLOWS if flow == text), None)
    if flow is None:
        refuse(wrong_choice("--flow", text, list(FLOWS)))
    return flow


def _messages(provider: str, given: list[str] | None) -> tuple[str, ...]:
    """Return the types of messages, each once: SMS by default, or what the provider sends instead."""
    from sendproof_harness.scenario.model import SMS  # noqa: PLC0415
    from sendproof_harness.suggestions import wrong_choice  # noqa: PLC0415

    record = discover().get(provider)
    types = sorted(record.message_types) if record is not None else [SMS]
    wrong = next((name for name in given or () if name not in types), None)
    if wrong is not None:
        refuse(wrong_choice("--message", wrong, types) + f" with --provider {provider}")
    return tuple(dict.fromkeys(given or ([SMS] if SMS in types else types)))


def _types(messages: tuple[str, ...]) -> str:
    """Return the part of a bundle's name that tells its messages from SMS."""
    return "" if messages == ("sms",) else "".join(f"-{name}" for name in messages)


def _verify(bundle: Path, signers: Path | None, *, as_json: bool) -> NoReturn:
    from sendproof_harness.certificate.bundle import BundleError  # noqa: PLC0415
    from sendproof_harness.certificate.verification import verify  # noqa: PLC0415
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415

    try:
        verification = verify(bundle, signers)
    except (BundleError, OSError) as error:
        refuse(f"--verify: {bundle}: {getattr(error, 'strerror', None) or error}")
    if as_json:
        print_json(_document(bundle, verification))
    else:
        for line in _lines(verification):
            echo(line)
    raise typer.Exit(EXIT_STATUS[verification.status])


def _document(bundle: Path, verification: "Verification") -> dict[str, object]:
    signer, statement = verification.signer, verification.statement
    return {
        "bundle": str(bundle),
        "status": verification.status,
        "certificate": None if statement is None else statement.status,
        "signer": None if signer is None else {"key": signer.key, "name": signer.name},
        "problems": list(verification.problems),
        "differences": list(verification.differences),
        "notes": list(verification.notes),
    }


def _lines(verification: "Verification") -> Iterator[str]:
    """Yield the result of a verification, one line for each question."""
    from sendproof_harness.certificate.document import agreement, covered, title  # noqa: PLC0415

    signer, statement = verification.signer, verification.statement
    yield from _listed("content    ", verification.problems, "unchanged, and follows from the histories")
    yield f" signature   {'none' if signer is None else signer}"
    yield from _listed("recount    ", verification.differences, "" if statement is None else agreement(statement))
    yield from (f" note        {note}" for note in verification.notes)
    if verification.status == "error" and (statement is None or statement.status != "error"):
        claim = "" if statement is None else f": its certificate says {statement.status}, which is not shown"
        yield f" error       the bundle proves nothing about the bridge{claim}"
    elif statement is not None:
        yield f" certificate {statement.status}  {title(statement)}. {covered(statement)}"
    if statement is not None:
        yield from _runs_to_repair(statement)


def _runs_to_repair(statement: "Statement") -> Iterator[str]:
    """Yield a line for each run that did not pass."""
    runs = tuple(f"{run.status}  {run.name}" for run in statement.runs if run.status != "pass")
    yield from _listed("run        ", runs, "")


def _listed(name: str, problems: tuple[str, ...], otherwise: str) -> Iterator[str]:
    """Yield the problems, or one line if there are none."""
    for problem in problems[:_SHOWN]:
        yield f" {name} {problem}"
    if len(problems) > _SHOWN:
        yield f" {name} and {len(problems) - _SHOWN:,} more"
    if not problems and otherwise:
        yield f" {name} {otherwise}"
