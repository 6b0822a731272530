"""`reference/commands.md`: every command with its options, from the command line definitions."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

import sendproof_bridge.cli
from sendproof_harness.cli.commands import build_app
from tables import table

_HEAD = """# Commands

This page lists every command of `sendproof` and `sendproof-bridge`, with its options and an example.
`sendproof NAME --help` prints the same. The commands are in `.venv/bin`.

The exit status is 0 after success, 3 after an error or a wrong option, and 130 after Ctrl-C. Commands that judge have
more statuses, which this page lists with the command.
"""

_EXAMPLE = "Example: "
_VALUES = {"FILE": "path", "HOST:PORT": "text", "JOB": "text"}
_KINDS = {int: "whole number", float: "number", str: "text", Path: "path"}


def commands() -> Mapping[str, Any]:
    """Return the commands of `sendproof` by name; in a group, the name begins with that of the group."""
    return dict(_flat(typer.main.get_command(build_app()), ()))


def _flat(group: Any, prefix: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _flat(command, (*prefix, name))
        else:
            yield " ".join((*prefix, name)), command


def page() -> str:
    """Return the page: a list of all commands, then a section for each."""
    parts = [_HEAD]
    by_name = sorted(commands().items())
    rows = [
        (f"[`sendproof {name}`](#sendproof-{name.replace(' ', '-')})", _paragraphs(command.help)[0])
        for name, command in by_name
    ]
    bridge = sendproof_bridge.cli.parser()
    rows += [(f"[`{command.prog}`](#{_anchor(command)})", str(command.description)) for command in _commands(bridge)]
    parts.append(table(("command", "purpose"), rows))
    for name, command in by_name:
        parts += _command_lines(name, command)
    parts += _bridge_lines(bridge)
    return "\n".join(parts)


def _command_lines(name: str, command: Any) -> Iterator[str]:
    yield f"## sendproof {name}\n"
    for paragraph in _paragraphs(command.help):
        if paragraph.startswith(_EXAMPLE):
            yield f"```console\n$ {paragraph.removeprefix(_EXAMPLE)}\n```\n"
        else:
            yield paragraph + "\n"
    if command.params:
        yield table(("option", "value", "default", "meaning"), map(_parameter_row, command.params))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _parameter_row(parameter: Any) -> Iterator[str]:
    is_option = parameter.param_type_name == "option"
    yield f"`{parameter.opts[0] if is_option else parameter.name.upper()}`"
    yield "" if _is_flag(parameter) else _value(parameter)
    yield _default(parameter)
    yield parameter.help


def _is_flag(parameter: Any) -> bool:
    return bool(getattr(parameter, "is_flag", False))


def _value(parameter: Any) -> str:
    """Return the type and the limits, such as `path`, or `whole number, 1 or more; may be repeated`."""
    kind = parameter.type_descriptor.annotation
    is_list = get_origin(kind) is list
    name = _KINDS[get_args(kind)[0] if is_list else kind]
    bounds = ("", "") if parameter.min is None else (f", {parameter.min:,} or more", f" from {parameter.min:,} to ")
    text = name + bounds[0] if parameter.max is None else f"{name}{bounds[1]}{parameter.max:,}"
    return f"{text}; may be repeated" if is_list else text


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or _is_flag(parameter) else f"`{value}`"


def _bridge_lines(parser: argparse.ArgumentParser) -> Iterator[str]:
    example, status = _paragraphs(str(parser.epilog))
    yield "## sendproof-bridge\n"
    yield f"{parser.description}\n"
    yield f"{status}\n"
    yield f"```console\n$ {example.removeprefix(_EXAMPLE.lower())}\n```\n"
    for command in _commands(parser):
        yield f"### {command.prog}\n"
        yield f"{command.description}\n"
        yield table(("option", "value", "default", "meaning"), map(_action_row, _options(command)))


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    # argparse has no public list of commands or options.
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield from action.choices.values()


def _anchor(command: argparse.ArgumentParser) -> str:
    return command.prog.replace(" ", "-")


def _options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    yield from (action for action in parser._actions if action.dest != "help")  # noqa: SLF001


def _action_row(action: argparse.Action) -> Iterator[str]:
    yield f"`{action.option_strings[0] if action.option_strings else action.metavar}`"
    yield _VALUES.get(str(action.metavar), "")
    yield "required" if action.required and action.option_strings else ""
    yield str(action.help)
