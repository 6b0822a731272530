"""Short links."""

BOB = "447700900123"
URL = "https://www.example.com/offers/spring?for=you"


def test_equal_urls_have_equal_short_links(account):
    """observed: clients read `shorturl` as text."""
    first, again = (account.call("create_shorturl", url=URL)["shorturl"] for _ in range(2))
    assert first == again
    assert first.startswith("https://")
    assert len(first) < len(URL)


def test_tracked_links_shorten_the_charged_text(account):
    """The phone gets short links; the journal keeps the text of the caller (documented: `tracking_links`)."""
    text = "See " + URL + "&x=" + "1" * 130
    result = account.call("send", numbers=BOB, message=text, tracking_links="true")
    assert result["message"]["num_parts"] == 1
    assert "example.com/offers" not in result["message"]["content"]
    assert account.entries("delivery")[0]["text"] == text
    assert account.call("send", numbers=BOB, message=text)["message"]["num_parts"] == 2


def test_text_without_urls_stays_unchanged(account):
    result = account.call("send", numbers=BOB, message="Hi", tracking_links="true")
    assert result["message"]["content"] == "Hi"
