"""Tables of the commands: no identifier is folded, whatever the width of the terminal."""

import pytest

from sendproof_simulators.tables import blocks, fits

ROWS = [
    ("operation", "call", "limits"),
    ("RegisterEventListener", "POST /current/general/RegisterEventListener", "up to 2,048 characters"),
    ("", "", "one of 1 2 3"),
    ("send", "POST /send", ""),
]
COLUMNS = [*zip(*ROWS, strict=True)]


@pytest.mark.parametrize(("width", "is_table"), [(80, False), (92, True), (95, True), (100, True), (68, False)])
def test_table_needs_room_for_whole_identifiers(width: int, is_table: bool) -> None:
    """Below 100 columns, only the last column may wrap."""
    assert fits(COLUMNS, width) is is_table


def test_narrow_terminal_gets_a_block_for_each_row() -> None:
    assert [*blocks(ROWS, 40)] == [
        "RegisterEventListener",
        "  call       POST",
        "             /current/general/RegisterEventListener",
        "  limits     up to 2,048 characters",
        "             one of 1 2 3",
        "",
        "send",
        "  call       POST /send",
    ]
