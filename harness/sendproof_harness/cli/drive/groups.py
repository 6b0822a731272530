"""Command groups that list what they are about when no command is named: `sendproof messages --state failed`."""

from typing import Any

import typer
from typer.core import TyperGroup

_LIST = "list"


class ListingGroup(TyperGroup):
    """A group with `list` as the default command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert `list` in front of options, unless they ask for help or a shell asks for the commands."""
        is_command = bool(args) and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_command or ctx.resilient_parsing else [_LIST, *args])


def listing_group(text: str) -> typer.Typer:
    """Return a group with this help and `list` as the default command."""
    return typer.Typer(cls=ListingGroup, help=f"{text} Without a command, it lists.")
