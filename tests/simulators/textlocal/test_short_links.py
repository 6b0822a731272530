"""Short links."""

BOB = "447700900123"
URL = "https://www.example.com/offers/spring?for=you"


def test_an_address_has_one_short_link(account):
    """Asked for twice, it is the same (observed: the Python client textlocal-pro; the reply is assumed)."""
    first, again = (account.call("create_shorturl", url=URL)["shorturl"] for _ in range(2))
    assert first == again
    assert first["url"] == URL
    assert len(first["shorturl"]) < len(URL)


def test_tracked_links_shorten_the_text_that_is_paid(account):
    """The phone gets short links; the record keeps what the caller wrote (documented: `tracking_links`)."""
    text = "See " + URL + "&x=" + "1" * 130
    said = account.call("send", numbers=BOB, message=text, tracking_links="true")
    assert said["message"]["num_parts"] == 1
    assert "example.com/offers" not in said["message"]["content"]
    assert account.entries("delivery")[0]["text"] == text
    assert account.call("send", numbers=BOB, message=text)["message"]["num_parts"] == 2


def test_a_text_without_addresses_stays_as_it_is(account):
    """There is nothing to track."""
    said = account.call("send", numbers=BOB, message="Hi", tracking_links="true")
    assert said["message"]["content"] == "Hi"
