"""`reference/commands.md`: every command with its options, from the command lines themselves."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

import sendproof_bridge.cli
from sendproof_harness.cli import build_app
from tables import table

_HEAD = """# Every command

For who uses a terminal: every command of `sendproof` and `sendproof-bridge`, with its options and an example.
`sendproof NAME --help` says the same in a terminal. The commands are in `.venv/bin`.

Every command ends with status 0 when it has done what it was asked, 3 when it could not or was asked wrongly, and 130
after Ctrl-C. One that judges has more to say, and says it below.
"""

_EXAMPLE = "Example: "
_KINDS = {int: "whole number", float: "number", str: "text", Path: "path"}


def commands() -> Mapping[str, Any]:
    """The commands of `sendproof` by name, as its own command line has them; those of a group with its name before."""
    return dict(_flat(typer.main.get_command(build_app()), ()))


def _flat(group: Any, before: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from _flat(one, (*before, name))
        else:
            yield " ".join((*before, name)), one


def page() -> str:
    """A list, then a section for each."""
    parts = [_HEAD]
    named = sorted(commands().items())
    rows = [
        (f"[`sendproof {name}`](#sendproof-{name.replace(' ', '-')})", _paragraphs(one.help)[0]) for name, one in named
    ]
    bridge = sendproof_bridge.cli.parser()
    rows.append(("[`sendproof-bridge`](#sendproof-bridge)", str(bridge.description)))
    parts.append(table(("command", "does"), rows))
    for name, one in named:
        parts += _command(name, one)
    parts += _bridge(bridge)
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## sendproof {name}\n"
    for paragraph in _paragraphs(command.help):
        if paragraph.startswith(_EXAMPLE):
            yield f"```console\n$ {paragraph.removeprefix(_EXAMPLE)}\n```\n"
        else:
            yield paragraph + "\n"
    if command.params:
        yield table(("option", "value", "default", "meaning"), map(_parameter, command.params))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _parameter(parameter: Any) -> Iterator[str]:
    is_option = parameter.param_type_name == "option"
    yield f"`{parameter.opts[0] if is_option else parameter.name.upper()}`"
    yield "" if _is_flag(parameter) else _value(parameter)
    yield _default(parameter)
    yield parameter.help


def _is_flag(parameter: Any) -> bool:
    return bool(getattr(parameter, "is_flag", False))


def _value(parameter: Any) -> str:
    """Such as `path`, or `whole number, 1 or more`; and whether there can be several."""
    kind = parameter.type_descriptor.annotation
    several = get_origin(kind) is list
    name = _KINDS[get_args(kind)[0] if several else kind]
    bounds = ("", "") if parameter.min is None else (f", {parameter.min:,} or more", f" from {parameter.min:,} to ")
    said = name + bounds[0] if parameter.max is None else f"{name}{bounds[1]}{parameter.max:,}"
    return f"{said}; may be repeated" if several else said


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or _is_flag(parameter) else f"`{value}`"


def _bridge(parser: argparse.ArgumentParser) -> Iterator[str]:
    example, status = _paragraphs(str(parser.epilog))
    yield "## sendproof-bridge\n"
    yield f"{parser.description}\n"
    yield f"{status}\n"
    yield f"```console\n$ {example.removeprefix(_EXAMPLE.lower())}\n```\n"
    yield table(("option", "value", "default", "meaning"), map(_action, _options(parser)))


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    yield from (action for action in parser._actions if action.dest != "help")  # noqa: SLF001 - argparse tells nowhere else


def _action(action: argparse.Action) -> Iterator[str]:
    yield f"`{action.option_strings[0]}`"
    yield "path" if action.metavar == "FILE" else ""
    yield "required" if action.required else ""
    yield str(action.help)
