"""Mistakes of the command line in words: what was expected, what came, and what to do."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import typer

from sendproof_harness.suggestions import alternatives, closest

#: Options of other programs, and the options here that mean the same, in the order of preference.
_SYNONYMS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("--out", "--output", "--output-dir", "--dir", "--folder", "--report", "-o"), ("--results",)),
    **dict.fromkeys(("--jobs", "--workers", "--threads", "-j", "-n"), ("--parallel", "--processes")),
    **dict.fromkeys(("--cmd", "--exec", "--program", "--start"), ("--command",)),
    **dict.fromkeys(("--url", "--target", "--server", "--host"), ("--bridge", "--control-url")),
    **dict.fromkeys(("--rate", "--speed"), ("--clock-rate",)),
    **dict.fromkeys(("--slo", "--limits", "--levels"), ("--thresholds",)),
    **dict.fromkeys(("--format", "-f"), ("--json",)),
}
_NUMBERS: Mapping[type, str] = {int: "a whole number", float: "a number"}


def usage_text(error: typer.TyperException) -> str:
    """Return the message for a mistake of the command line; empty if its help was shown instead."""
    context = getattr(error, "ctx", None)
    command = "sendproof" if context is None else command_name(context)
    text = _text(error, command, context)
    if not text:
        return ""
    # An option names its place itself.
    place = "" if text.startswith("--") else f"{command}: "
    return f"{place}{text} ({command} --help)"


def command_name(context: Any) -> str:
    """Return the name of a command with its groups, such as `sendproof load paging`."""
    return "sendproof" if context.parent is None else f"{command_name(context.parent)} {context.info_name}"


def _text(error: typer.TyperException, command: str, context: Any) -> str:
    parameter = getattr(error, "param", None)
    if hasattr(error, "possibilities"):
        return _unknown_option(str(getattr(error, "option_name", "")), context)
    if parameter is not None:
        return _wrong_value(error, parameter) if error.message else _missing(parameter, context)
    for pattern, describe in _PATTERNS.items():
        if found := re.fullmatch(pattern, error.message, re.DOTALL):
            return describe(found[1], command, context)
    return error.message.removesuffix(".")


def _unknown_option(option: str, context: Any) -> str:
    known = [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
    meant = next((name for name in _SYNONYMS.get(option, ()) if name in known), None) or closest(option, known)
    hint = f"did you mean {meant}?" if meant else f"expected {alternatives(sorted(known) or ['no option'])}"
    return f"no such option {option}; {hint}"


def _missing(parameter: Any, context: Any) -> str:
    lines = (context.command.help or "").splitlines()
    example = next((f". {line.strip()}" for line in lines if line.strip().startswith("Example:")), "")
    described = f" ({parameter.help.rstrip('.')})" if parameter.help else ""
    return f"expected {_shown_name(parameter)}{described}, got none{example}"


def _shown_name(parameter: Any) -> str:
    name = str(parameter.opts[0])
    return name if name.startswith("-") else str(parameter.metavar or name.upper())


def _wrong_value(error: typer.TyperException, parameter: Any) -> str:
    """Return the message for a value of a wrong type or range; the errors of the cause have the value."""
    details: Sequence[Mapping[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not details:
        return f"{_shown_name(parameter)}: {error.message.removesuffix('.')}"
    annotation = parameter.type_descriptor.annotation
    kind = next(iter(get_args(annotation)), annotation)
    expected = _NUMBERS.get(kind, "another value") + _range_text(parameter.min, parameter.max)
    return f"{_shown_name(parameter)}: expected {expected}, got {details[0]['input']!r}"


def _range_text(minimum: float | None, maximum: float | None) -> str:
    if minimum is None or maximum is None:
        return "" if minimum is None else f" of at least {minimum:,}"
    return f" from {minimum:,} to {maximum:,}"


def _unknown_command(name: str, command: str, context: Any) -> str:
    known: Sequence[str] = list(context.command.commands)
    match = closest(name, known)
    hint = f"did you mean {command} {match}?" if match else f"expected {alternatives(known)}"
    return f"no such command {name!r}; {hint}"


def _extra_argument(words: str, command: str, context: Any) -> str:
    del command
    arguments = [_shown_name(parameter) for parameter in context.command.params if parameter.opts[0][0] != "-"]
    return f"expected {alternatives(arguments) if arguments else 'options only'}, got also {words!r}"


def _needs_value(option: str, command: str, context: Any) -> str:
    del command, context
    return f"{option}: expected a value, got none"


def _takes_no_value(option: str, command: str, context: Any) -> str:
    del command, context
    return f"{option}: expected no value, got one"


#: Typer's own messages that name no way out, and the functions that say the same in our words.
_PATTERNS: Mapping[str, Callable[[str, str, Any], str]] = {
    r"No such command '(.*?)'\..*": _unknown_command,
    r"Got unexpected extra argument\(?s?\)? \((.*)\)": _extra_argument,
    r"Option '(.*)' requires an argument\.": _needs_value,
    r"Option '(.*)' does not take a value\.": _takes_no_value,
}
