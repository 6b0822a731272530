"""Valid URLs of webhooks."""

import pytest

from sendproof_simulators.core.webhooks.urls import check_webhook_url


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/webhooks",
        "https://localhost/x?y=1",
        "HTTP://LOCALHOST:1/",
        "http://127.9.9.9",
        "http://[::1]:9000/a/b",
    ],
)
def test_loopback_url_is_allowed_unchanged(url: str) -> None:
    assert check_webhook_url(url, allow_remote=False) == url


def test_percent_encoded_url_is_decoded() -> None:
    """One real client sends its listener's address percent-encoded."""
    assert check_webhook_url("http%3A%2F%2F127.0.0.1%3A9000%2Fx", allow_remote=False) == "http://127.0.0.1:9000/x"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://localhost.example.com/",
        "http://[::ffff:127.0.0.1]/",
        "http%3A%2F%2Fexample.com",
        "http://128.0.0.1/",
    ],
)
def test_other_host_needs_permission(url: str) -> None:
    with pytest.raises(ValueError, match="allow_remote_webhooks"):
        check_webhook_url(url, allow_remote=False)
    assert check_webhook_url(url, allow_remote=True).startswith("http://")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9000",
        "ftp://127.0.0.1/",
        "file://127.0.0.1/history.ndjson",
        "http://",
        "http:///x",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1 /",
        "http://[::1/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://127.0.0.1/\r\nX: y",
        "http%3A%2F%2F127.0.0.1%0d%0a",
        "http://bücher.example/",
    ],
)
def test_invalid_url_is_refused_in_spite_of_permission(url: str) -> None:
    with pytest.raises(ValueError, match="expected a"):
        check_webhook_url(url, allow_remote=True)
