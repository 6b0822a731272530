"""The second decoding of texts and senders, in `send` and in `bulk_json` alike."""

from urllib.parse import quote, quote_plus

import pytest

BOB = "447700900123"
TEXT = "It's (really) great! 50% off, Zoë & co: 1+1"


@pytest.fixture(params=["send", "bulk_json"])
def phone_text(request):
    """Return a function that sends one text, and returns it as the phone shows it."""

    def send(account, text, **fields):
        if request.param == "send":
            return account.call("send", numbers=BOB, message=text, **fields)["message"]["content"]
        result = account.bulk({"number": BOB, "text": text}, **fields)
        return result["messages"][0]["message"]["content"]

    return send


@pytest.mark.parametrize(
    ("encoded", "plain"),
    [
        ("This%20is%20your%20message", "This is your message"),
        ("This+is+your+message", "This is your message"),
        ("It%27s+50%25+off%2c+Jim!", "It's 50% off, Jim!"),
        ("It's%20(really)%20great!", "It's (really) great!"),
        ("Hi%20Bob,%20see%20https://example.com/?a=1", "Hi Bob, see https://example.com/?a=1"),
        ("C++%20today%nonly", "C++ today\nonly"),
        (quote(TEXT), TEXT),
        (quote(TEXT, safe=""), TEXT),
        (quote_plus(TEXT), TEXT),
        (quote(TEXT, safe="!'()*"), TEXT),
    ],
)
def test_text_encoded_twice_is_decoded_twice(account, phone_text, encoded, plain):
    """As the samples in PHP and C#, and clients in JavaScript and Python, encode it."""
    assert phone_text(account, encoded) == plain


@pytest.mark.parametrize(
    "text",
    [
        TEXT, "50% off", "100%", "50%", "%", "%zz", "100%fair deals", "save%20now, Bob or Jim's %20", "C++", "1 + 1",
        "1+1=2", "+447700900123", "a%ffb", "https://example.com/a%20b", "50%25 off",
    ],
)  # fmt: skip
def test_text_encoded_once_stays_as_it_is(account, phone_text, text):
    """Something in it would have been encoded."""
    assert phone_text(account, text) == text


@pytest.mark.parametrize("text", ["save%20now", "Top+up", "%41"])
def test_text_of_a_template_is_final(account, phone_text, text):
    """Otherwise it could not be sent by a bridge that encodes once."""
    account.template(text)
    assert phone_text(account, text) == text


def test_encoded_text_of_a_template_without_words_is_decoded(account, phone_text):
    """The encoded text fits the template as well."""
    account.template("{{FIRST_NAME}}")
    assert phone_text(account, "Zo%C3%AB") == "Zoë"


@pytest.mark.parametrize("text", ["save%20now", "Top+up", "It%27s+50%25+off", TEXT])
def test_text_is_decoded_once_in_that_dialect(account_with, phone_text, text):
    assert phone_text(account_with(text_decoding="once"), text) == text


@pytest.mark.parametrize("sender", ["Jims Autos", "Jims+Autos", "Jims%20Autos"])
def test_sender_is_decoded_like_a_text(account, phone_text, sender):
    assert phone_text(account, "Hi", sender=sender) == "Hi"
    assert account.entries("delivery")[0]["sender"] == "Jims Autos"
