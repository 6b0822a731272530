"""Kinds that spoil the content of an e-mail, which the mail relay reads as a mail client does."""

from hostile_requests import Draw, HostileRequest, ValidRequest, hostile, kind, with_body
from messages import message

_HEADERS = ("From", "Subject", "Message-ID", "List-Unsubscribe", "Content-Type", "Content-Disposition", "Content-ID")
_PIECES = ("(", '"', "<", "@", ",", ":;", "a@b,", "=?", "=?utf-8?q?a?= ", "=?utf-8?b?", ";a*0*=", "\xff", "\t", "\\")
# Each of them is repeated: a reader that looks for the end of each takes quadratic time.
_TAGS = (
    "<",
    "<!",
    "<!--",
    "<!--x>",
    "<![CDATA[x>",
    "<![if x>",
    "<?",
    "</",
    "<a ",
    '<a b="',
    "<div>",
    "<script>",
    "&",
    "&#",
)
_LINE = 900
_USUAL = "From: a@client.example\r\nMessage-ID: <1@client.example>\r\nContent-Type: text/html\r\n"
_USUAL += "List-Unsubscribe: <http://127.0.0.1:9/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _submission(request: ValidRequest, content: str) -> HostileRequest | None:
    if request.operation != "submitMessage":
        return None
    return hostile(message(with_body(request, {**request.body, "content": content, "encoding": "text"})))


def _lines(piece: str, size: int) -> str:
    line = piece * (_LINE // len(piece))
    return f"{line}\r\n " * (size // _LINE + 1)


@kind
def mail_headers(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Repeat a piece of the grammar in a header, beside the usual one or instead of it."""
    header = f"{draw.choice(_HEADERS)}: {_lines(draw.choice(_PIECES), draw.choice((0, 2_000, 9_000, 100_000)))}\r\n"
    return _submission(request, header + draw.choice((_USUAL, "")) + "\r\n<p>Hello</p>")


@kind
def mail_html(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Repeat a tag that never ends, or hundreds of thousands that do."""
    html = _lines(draw.choice(_TAGS), draw.choice((10_000, 100_000, 1_000_000)))
    return _submission(request, f"{_USUAL}Subject: S\r\n\r\n{html}{draw.choice(('', '>', '-->'))}")


@kind
def mail_parts(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Nest parts, or send many, with boundaries that never end."""
    depth = draw.choice((2, 50, 200, 2_000))
    nested = "".join(
        f"Content-Type: multipart/{draw.choice(('mixed', 'alternative', 'related', 'digest'))}; boundary=b{level}"
        f"\r\n\r\n--b{level}\r\n"
        for level in range(depth)
    )
    many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "--b\r\n\r\nx\r\n" * draw.choice((50, 20_000))
    return _submission(
        request, "From: a@client.example\r\n" + draw.choice((nested, many)) + _lines("a\r\n", draw.choice((0, 500_000)))
    )
