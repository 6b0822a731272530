"""A bridge may send any text: one that repeats itself without end is judged as quickly as others."""

import pytest

from sendproof_harness.judge.causes.damage import damage
from sendproof_harness.judge.facts.templates import PLACEHOLDER, template_text

# With one step for each pair of characters, a test would take hours.
_LONG = 1_000_000


@pytest.mark.parametrize("part", ["%%|A^{", "{{", "{{ ", " "])
def test_text_that_begins_many_placeholders_has_none(part):
    assert PLACEHOLDER.search("{{" + part * _LONG) is None


@pytest.mark.parametrize("part", ["<", "&lt;", " ", "\n", "<br "])
def test_damage_of_a_long_text_is_found(part):
    assert damage("Hello" + part * 200_000, "Hello Ana") is None


def test_placeholder_in_braces_or_percent_signs_has_a_name():
    body = '{{ A }} %%|B%% %%|C^{"inputtype":"text"}%% {{{D}} {{ {{E}}'
    assert template_text(body).names == ("A", "B", "C", "D", "E")
