"""Texts whose values can be divided in many ways: judge and recount decide alike, and soon."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sendproof_harness.judge.facts.templates import template_text
from sendproof_harness.recount.texts import agrees, fits

NAMES = "ABCDEFGHIJ"
BEFORE = f"For you: {', '.join('{{' + name + '}}' for name in NAMES)}."
AFTER = f"Hi! {' and '.join('{{' + name + '}}' for name in NAMES)}."


def text_of(body: str, values: dict[str, str]) -> str:
    return template_text(body).text(values)


def agrees_for_both(text: str, body: str, due: str, due_body: str) -> bool:
    """Return what both say, which must be the same."""
    judged = template_text(body).agrees(text, template_text(due_body), due)
    assert judged == agrees(text, body, due, due_body)
    return judged


def test_work_of_a_wrong_text_does_not_grow_with_the_ways_to_divide_it() -> None:
    """Ten lists of five colours: the ways have 12 digits."""
    due = text_of(BEFORE, dict.fromkeys(NAMES, "red, warm, soft, light, old"))
    wrong = text_of(AFTER, dict.fromkeys(NAMES, "blue, warm, soft, light, old"))
    assert not agrees_for_both(wrong, AFTER, due, BEFORE)


def test_value_may_have_any_character() -> None:
    values = {"A": "x\0 y", "B": "z"}
    due, text = text_of("Hi {{A}} {{B}}", values), text_of("Yo {{A}}-{{B}}", values)
    assert template_text("Yo {{A}}-{{B}}").agrees(text, template_text("Hi {{A}} {{B}}"), due)


def test_text_that_almost_fits_is_soon_refused() -> None:
    """It has the separator in many places, and another end."""
    text = text_of(BEFORE, dict.fromkeys(NAMES, "red, warm, soft, light, old")).replace(".", "!")
    assert (fits(text, BEFORE), template_text(BEFORE).values(text)) == (False, None)


def test_list_is_divided_in_the_way_that_fits_the_other_text() -> None:
    values = {"A": "red, warm", "B": "soft", "C": "old, light"}
    before, after = "For you: {{A}}, {{B}}, {{C}}.", "{{C}} and {{B}} and {{A}}"
    assert agrees_for_both(text_of(after, values), after, text_of(before, values), before)


BODIES = st.lists(st.sampled_from([*(f"{{{{{name}}}}}" for name in "ABCD"), "a", ", "]), max_size=9).map("".join)
VALUES = st.fixed_dictionaries(dict.fromkeys("ABCD", st.text("ab, ", max_size=40)))


@given(bodies=st.tuples(BODIES, BODIES), values=VALUES, other=VALUES)
@settings(max_examples=100)
def test_judge_and_recount_decide_alike(bodies: tuple[str, str], values: dict[str, str], other: dict[str, str]) -> None:
    """Values of few letters make texts with many ways, and some with too many."""
    for made in (values, other):
        agrees_for_both(text_of(bodies[0], made), bodies[0], text_of(bodies[1], values), bodies[1])
