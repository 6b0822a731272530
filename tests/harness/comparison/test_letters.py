"""Other names with the same spelling rules."""

import unicodedata

import pytest

from sendproof_harness.comparison.invariants.letters import _KINDS, other_letters
from sendproof_harness.judge.facts.sms_alphabet import is_gsm


@pytest.mark.parametrize("kind", _KINDS)
def test_letters_of_a_kind_stay_in_it_and_stay_different(kind):
    others = other_letters(kind)
    assert sorted(others) == sorted(kind)
    assert all(letter != other for letter, other in zip(kind, others, strict=True))


@pytest.mark.parametrize("name", ["O'Brien", "Anne-Marie", "Zoë", "José María", "Łukasz", "Ñ", "陈伟", ""])
def test_name_keeps_its_length_alphabet_and_signs(name):
    other = other_letters(name)
    assert len(other.encode()) == len(name.encode())
    assert is_gsm(other) == is_gsm(name)
    assert [c for c in other if not c.isalpha()] == [c for c in name if not c.isalpha()]


def test_name_without_accents_becomes_another_name_than_its_accented_form():
    """A bridge that removes accents must break the invariant, and not seem right by chance."""
    for letter in "àìùèòéäüöåáíúêôãóëâûîïÿõ":
        plain = unicodedata.normalize("NFD", letter)[0]
        assert unicodedata.normalize("NFD", other_letters(letter))[0] != other_letters(plain)
