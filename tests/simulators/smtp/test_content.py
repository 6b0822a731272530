"""The content of a message, in the forms that mail software writes."""

from email.message import EmailMessage

import pytest

from sendproof_simulators.services.smtp.content import read_content
from sendproof_simulators.services.smtp.replies import RefusedError

FROM = b"From: News <news@client.example>\r\n"
URL = "http://127.0.0.1:9000/unsubscribe/" + "x" * 150


def message(*lines: bytes, body: bytes = b"Hello") -> bytes:
    return FROM + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


HTML = b"Content-Type: text/html; charset=utf-8"
BASE64, QUOTED = b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"
FORMS = {
    "8 bit": message("Subject: Grüße".encode(), HTML, body="<p>Zoë</p>".encode()),
    "latin-1": message(
        b"Subject: =?iso-8859-1?q?Gr=FC=DFe?=", HTML.replace(b"utf-8", b"latin-1"), body="<p>Zoë</p>".encode("latin-1")
    ),
    "base64": message(b"Subject: =?utf-8?B?R3LDvMOfZQ==?=", HTML, BASE64, body=b"PHA+Wm8mZXVtbDs8L3A+"),
    "quoted-printable": message(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", HTML, QUOTED, body=b"<p>Z=\r\no=C3=AB</p>"),
    "text only": message(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", HTML.replace(b"html", b"plain"), body="Zoë".encode()),
}


@pytest.mark.parametrize("raw", FORMS.values(), ids=FORMS)
def test_same_mail_has_the_same_text_in_every_form(raw: bytes) -> None:
    assert read_content(raw).text == "Grüße\nZoë"


def test_html_part_is_read_before_the_text_part() -> None:
    plain, rich = b"Content-Type: text/plain\r\n\r\nplain", b"Content-Type: text/html\r\n\r\n<b>rich</b>"
    parts = b"--b\r\n" + plain + b"\r\n--b\r\n" + rich + b"\r\n--b--\r\n"
    raw = message(b"Subject: S", b"Content-Type: multipart/alternative; boundary=b", body=parts)
    assert read_content(raw).text == "S\nrich"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"List-Unsubscribe: <mailto:u@client.example>,\r\n <{URL}>", URL),
        (f"List-Unsubscribe: <{URL}>", URL),
        ("List-Unsubscribe: <mailto:u@client.example>", None),
        (f"List-Unsubscribe: {URL}", None),
    ],
)
def test_one_click_url_is_that_in_brackets(header: str, expected: str | None) -> None:
    raw = message(header.encode(), b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    assert read_content(raw).unsubscribe_url == expected


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        (['To: "Bob, Ann" <Bob@example.com>,\r\n ann@example.com'], ("bob@example.com", "ann@example.com")),
        (["To: Bob <bob@example.com>", "CC: Team: <ann@example.com>;"], ("bob@example.com", "ann@example.com")),
        (["CC: undisclosed-recipients:;"], ()),
        (['To: "O\'Neill, joe@example.com" <mia@example.com>'], ("mia@example.com",)),
        (["To: joe@example.com <mia@example.com>"], ("mia@example.com",)),
        ([r'To: "A \"B, joe@example.com\"" <mia@example.com>'], ("mia@example.com",)),
        (["To: mia@example.com (once joe@example.com)"], ("mia@example.com",)),
    ],
)
def test_addresses_in_the_header_are_shown_without_names_and_comments(headers: list[str], shown: tuple[str]) -> None:
    assert read_content(message(*map(str.encode, headers))).shown == shown


def test_blind_copies_are_not_shown() -> None:
    """Relays remove the header."""
    assert read_content(message(b"To: ann@example.com", b"Bcc: bob@example.com")).shown == ("ann@example.com",)


def test_long_list_of_recipients_is_read_quickly() -> None:
    """The grammar of the header would take the parser of the standard library seconds."""
    hostile = b'To: "' + b'\\"<(' * 2_000
    assert read_content(message(hostile)).shown == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: no sender\r\n\r\nHello",
        FROM + message(b"Subject: two senders"),
        message(b"Content-Type: application/pdf", body=b"%PDF"),
        message(b"Content-Type: text/html; charset=nonsense", body=b"\xff"),
        message(b"X-Long: " + b"x" * 20_000),
        message(b"Content-Type: multipart/mixed; boundary=b", body=b"--b\r\n\r\nx\r\n" * 200),
        b"\x00\xff\r\n\r\n\x80",
        message(b"Content-Type: text/html" + b"; a:" * 800),
        message(HTML, body=b"<b>" * 20_001),
        message(HTML, body=b"--b\r\n" * 4_002),
        message(*[b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b"] * 17),
        message(b"Content-Type: multipart/mixed; boundary=b", body=b"--b\r\n\r\n" + b"\r\n" * 100_000),
        message(b"Content-Type: message/delivery-status", body=b"a: b\r\n\r\n" * 4_001),
        b"From: :;:;\r\n\r\nHello",
        b"From: " + b"(" * 2_000 + b"\r\n\r\nHello",
    ],
    ids=[
        "no From",
        "two From",
        "only a PDF",
        "unknown charset",
        "long header",
        "many parts",
        "no mail",
        "long header with a grammar",
        "many tags",
        "many boundaries",
        "deep parts",
        "many lines of parts",
        "many recipients of a status",
        "spoiled From",
        "nested comments",
    ],
)
def test_unreadable_message_is_refused(raw: bytes) -> None:
    with pytest.raises(RefusedError, match=r"^554 5\.6\.0 "):
        read_content(raw)


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        ("Look at our *shop*\r\n(https://shop.example/Zo%C3%AB), Anna.", None),
        ("LOOK AT OUR SHOP, ANNA.", None),
        ("Look at our shop,\r\nBen.", "Look at our shop,\nBen."),
    ],
)
def test_plain_text_is_kept_if_its_words_are_others(plain: str, other: str | None) -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "news@client.example", "News"
    message.set_content(plain)
    message.add_alternative("<p>Look at our <a href='https://shop.example/Zoë'>shop</a>, <b>Anna</b>.", subtype="html")

    assert read_content(message.as_bytes()).plain == other


def test_plain_text_that_is_no_alternative_is_not_compared() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "news@client.example", "News"
    message.set_content("<p>Hello Anna</p>", subtype="html")
    message.add_attachment("Terms of business")

    assert read_content(message.as_bytes()).plain is None
