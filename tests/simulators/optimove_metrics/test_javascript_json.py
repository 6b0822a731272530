"""JSON as JavaScript writes it. Node.js gave each of the expected texts."""

import pytest

from sendproof_simulators.services.optimove_metrics.javascript_json import minified, number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.0", "1"), ("-0", "0"), ("-0.0", "0"), ("1e3", "1000"), ("1.50", "1.5"), ("-12.5E-1", "-1.25"),
        ("12345678901234567890", "12345678901234567000"), ("9007199254740993", "9007199254740992"),
        ("1e20", "100000000000000000000"), ("123456789012345678901", "123456789012345680000"), ("1e21", "1e+21"),
        ("1234567890123456789012", "1.2345678901234568e+21"), ("0.000001", "0.000001"), ("0.00000123", "0.00000123"),
        ("0.0000001", "1e-7"), ("0.00000012", "1.2e-7"), ("5e-324", "5e-324"), ("0.1", "0.1"), ("1e400", "null"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ],
)  # fmt: skip
def test_number_is_written_as_a_double(number, text):
    assert minified(number) == text


@pytest.mark.parametrize(
    ("json", "text"),
    [
        (' {"a" : 1 ,\n"b": [ true,false , null ] } ', '{"a":1,"b":[true,false,null]}'),
        ('{"b":1,"a":2,"b":3}', '{"b":3,"a":2}'),
        ('{"b":1,"10":2,"2":3,"01":4,"-1":5,"4294967295":6}', '{"2":3,"10":2,"b":1,"01":4,"-1":5,"4294967295":6}'),
        (r'"\u00e9\/\u0007\u001F\n\t\u2028\u007f\"\\"', '"é/\\u0007\\u001f\\n\\t\u2028\x7f\\"\\\\"'),
        (r'"\ud83d\ude00 \ud800 \udc00"', r'"😀 \ud800 \udc00"'),
        ("{}", "{}"),
        ("[]", "[]"),
    ],
)  # fmt: skip
def test_members_and_texts_are_written_as_in_javascript(json, text):
    assert minified(json) == text


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "\ufeff{}", "{'a':1}", ""])
def test_invalid_json_is_refused(text):
    with pytest.raises(ValueError, match="xpect"):
        minified(text)


def test_number_beyond_doubles_is_null():
    assert number_text(float("inf")) == "null"
