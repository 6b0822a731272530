"""YAML of others, such as a contract: data of a bounded depth and size."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

#: Levels of lists and objects. Contracts have at most 14; the parser crashes at tens of thousands.
MOST_LEVELS = 100
#: Values, with those of an alias at each place that it is used. The largest contract has about 5,000.
MOST_VALUES = 1_000_000


def parse_yaml(source: bytes) -> Any:
    """Return the value of a text in YAML; `ValueError` names what is wrong with it."""
    import yaml  # noqa: PLC0415 - most starts find all contracts parsed

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_bounds(yaml.parse(source, Loader=loader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"expected YAML: {error}") from None
    try:
        return yaml.load(source, Loader=loader)  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A number or a date that there is none of is a `ValueError` of Python.
        raise ValueError(f"expected YAML: {error}") from None


def _check_bounds(events: "Iterable[yaml.Event]") -> None:
    """Raise `ValueError` for deep nesting and many values, before they need memory. An alias may name many values."""
    import yaml  # noqa: PLC0415 - see above

    # Of each open list or object: its anchor, and the number of its values so far.
    levels: list[tuple[str | None, int]] = [(None, 0)]
    sizes: dict[str, int] = {}
    for event in events:
        anchor, size = getattr(event, "anchor", None), 1
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append((anchor, 1))
            if len(levels) > MOST_LEVELS + 1:
                raise ValueError(f"expected at most {MOST_LEVELS} levels of lists and objects, got more")
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = levels.pop()
        elif isinstance(event, yaml.AliasEvent):
            size, anchor = _size_of_alias(event, sizes), None
        elif not isinstance(event, yaml.ScalarEvent):
            continue
        if anchor is not None:
            sizes[anchor] = size
        levels[-1] = levels[-1][0], levels[-1][1] + size
        if levels[-1][1] > MOST_VALUES:
            raise ValueError(f"expected at most {MOST_VALUES:,} values, with those of each alias, got more")


def _size_of_alias(event: "yaml.AliasEvent", sizes: dict[str, int]) -> int:
    """Return the number of values that an alias stands for."""
    size = sizes.get(str(event.anchor))
    if size is None:
        line = event.start_mark.line + 1  # type: ignore[union-attr] # the stub forgets that events of a text have one
        raise ValueError(f"expected an alias of what ends before it, got *{event.anchor} in line {line}")
    return size
