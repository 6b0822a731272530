"""Opt-outs from providers' lists, of which only the difference to the last list is looked at."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendproof_bridge.storage import opt_outs

A, B, C = "447100000001", "447100000002", "447100000003"
NUMBERS = st.sampled_from([A, B, C])
LISTS = st.tuples(st.just("list"), st.sampled_from([505, 606]), st.frozensets(NUMBERS))
REPLIES = st.tuples(st.sampled_from(["STOP", "START"]), NUMBERS)


def read_list(tx, channel, listed):
    """Store a provider's list of numbers; return how many opted out, and how many opted in."""
    new, gone = opt_outs.difference(tx, "acme", channel, listed)
    opted_out = opt_outs.add_listed(tx, "acme", channel, {number: number.lstrip("+") for number in new}, 0)
    return opted_out, opt_outs.remove_listed(tx, "acme", channel, gone, 0)


def opted_out(tx):
    return set(tx.exec_driver_sql("SELECT number FROM opt_out").scalars())


@pytest.fixture
def tx(store):
    with store.write() as transaction:
        yield transaction


def test_only_the_difference_is_new_or_gone(tx):
    assert read_list(tx, 505, [A, B]) == (2, 0)
    assert opt_outs.difference(tx, "acme", 505, [C, B]) == ([C], [A])
    assert read_list(tx, 505, [C, B]) == (1, 1)
    assert opted_out(tx) == {B, C}


def test_number_on_two_lists_opts_in_by_leaving_both(tx):
    read_list(tx, 505, [A])
    read_list(tx, 606, [A])

    assert (read_list(tx, 505, []), opted_out(tx)) == ((0, 0), {A})
    assert (read_list(tx, 606, []), opted_out(tx)) == ((0, 1), set())


def test_number_in_two_spellings_opts_in_by_leaving_with_both(tx):
    read_list(tx, 505, [A, f"+{A}"])

    assert (read_list(tx, 505, [f"+{A}"]), opted_out(tx)) == ((0, 0), {A})
    assert (read_list(tx, 505, []), opted_out(tx)) == ((0, 1), set())


def test_refused_recipient_who_is_on_no_list_stays_opted_out(tx):
    opt_outs.add(tx, "acme", [A], "provider", 0)
    read_list(tx, 505, [B])

    assert (read_list(tx, 505, []), opted_out(tx)) == ((0, 1), {A})


def test_refused_recipient_on_a_list_opts_in_by_leaving_it(tx):
    """The provider refused the message because of a STOP that no webhook reported."""
    opt_outs.add(tx, "acme", [A], "provider", 0)
    read_list(tx, 505, [A])

    assert (read_list(tx, 505, []), opted_out(tx)) == ((0, 1), set())


def test_number_that_opted_in_but_is_listed_again_is_new(tx):
    read_list(tx, 505, [A])
    opt_outs.remove(tx, "acme", [A], 0)

    assert (opted_out(tx), read_list(tx, 505, [A]), opted_out(tx)) == (set(), (1, 0), {A})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(LISTS, REPLIES), max_size=12))
def test_opt_outs_follow_replies_and_lists(store, steps):
    """A reply counts at once; a number that is listed anywhere is opted out, and opts in by leaving the last list."""
    expected, lists = set(), {505: set(), 606: set()}
    with store.write() as tx:
        tx.exec_driver_sql("DELETE FROM opt_out")
        tx.exec_driver_sql("DELETE FROM listed_opt_out")
        for kind, *values in steps:
            if kind == "list":
                channel, listed = values
                read_list(tx, channel, listed)
                gone, lists[channel] = lists[channel] - listed, set(listed)
                expected = (expected | listed) - (gone - lists[505] - lists[606])
            elif kind == "STOP":
                opt_outs.add(tx, "acme", values, "reply", 0)
                expected.add(*values)
            else:
                opt_outs.remove(tx, "acme", values, 0)
                expected.discard(*values)
                lists = {channel: listed - set(values) for channel, listed in lists.items()}
            assert opted_out(tx) == expected
