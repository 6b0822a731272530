"""Kinds that spoil the body: its length, encoding, media type and syntax."""

import gzip
import json
import zlib
from functools import cache

from hostile_requests import (
    CSV,
    DISCONNECT,
    FORM,
    HALF_CLOSE,
    JSON,
    Draw,
    HostileRequest,
    ValidRequest,
    hostile,
    kind,
    with_body,
)
from hostile_values import INJECTIONS, nested
from messages import encode_body, message

_OVERSIZE = (66_000, 1_000_000, 9_000_000, 17_000_000)


@cache
def _bombs() -> tuple[tuple[bytes, bytes], ...]:
    """Return bodies that become much longer, with their encodings. They take a second, so all requests share them."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    # 64 MB of zeros in 64 KB.
    bomb = compressor.compress(b"0" * 64_000_000) + compressor.flush()
    twice = gzip.compress(bomb, mtime=0)
    brackets = zlib.compress(b"[" * 20_000_000)
    return (b"gzip", bomb), (b"gzip", twice), (b"gzip, gzip", twice), (b"deflate", brackets)


def _takes_body(request: ValidRequest) -> bool:
    return bool(request.media)


@kind
def half_close(draw: Draw, request: ValidRequest) -> HostileRequest:
    """End the client's side after a complete request, which must be answered."""
    encoded = message(request).encoded()
    middle = draw.below(len(encoded))
    return HostileRequest(blocks=(encoded[:middle], encoded[middle:]), ending=HALF_CLOSE, must_respond=True)


@kind
def early_close(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Disconnect in the middle of a request, or before the response."""
    encoded = message(request).encoded()
    stop = len(encoded) if draw.chance(30) else draw.below(len(encoded))
    return HostileRequest(blocks=(encoded[:stop],), ending=DISCONNECT, is_incomplete=stop < len(encoded))


@kind
def incomplete(draw: Draw, request: ValidRequest) -> HostileRequest:
    """End the client's side in the middle of a request."""
    encoded = message(request).encoded()
    return HostileRequest(blocks=(encoded[: draw.below(len(encoded))],), ending=HALF_CLOSE, is_incomplete=True)


@kind
def media_type(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send the body with another media type, or with none."""
    if not _takes_body(request):
        return None
    sent = message(request)
    types = (
        b"text/plain",
        b"text/html",
        b"application/xml",
        b"text/xml",
        b"application/json;charset=utf-16",
        b"application/json; charset=utf-7",
        b"application/json; charset=nonsense",
        b"application/json;" + b"a=b;" * 500,
        b"APPLICATION/JSON",
        b"application/vnd.api+json",
        b"application/x-www-form-urlencoded",
        b"application/x-www-form-urlencoded; charset=utf-16",
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"application/octet-stream",
        b"application/",
        b"/",
        b"\xff/\xff",
        b"",
        b"application/json, text/plain",
        b"text/csv",
        b"a" * 5_000,
    )
    if draw.chance(10):
        sent.headers = [pair for pair in sent.headers if pair[0] != b"Content-Type"]
    else:
        sent.set_header(b"Content-Type", draw.choice(types))
    return hostile(sent)


@kind
def content_encoding(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Compress the body wrongly, or much too well."""
    if not _takes_body(request):
        return None
    body = encode_body(request)
    packed = gzip.compress(body, mtime=0)
    encoding, sent_body = draw.choice(
        (
            *_bombs(),
            (b"gzip", body),
            (b"gzip", packed[:-5]),
            (b"gzip", packed + b"garbage"),
            (b"gzip", packed[:10] + b"\xff" * 20),
            (b"gzip", packed * 3),
            (b"gzip", gzip.compress(b"", mtime=0) * 5_000),
            (b"deflate", packed),
            (b"deflate", b"\x78\x9c"),
            (b"br", body),
            (b"zstd", body),
            (b"gzip, br", packed),
            (b"gzip," * 100, packed),
            (b"identity", body),
            (b"*", body),
            (b"\xff", body),
            (b"", body),
        )
    )
    sent = message(request, sent_body)
    sent.set_header(b"Content-Encoding", encoding)
    return hostile(sent, ending=HALF_CLOSE)


@kind
def oversize_body(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send a body above every limit, or announce one."""
    if not _takes_body(request):
        return None
    if draw.chance(50):
        sent = message(request, b"{")
        sent.adds_length = False
        sent.headers.append(
            (b"Content-Length", draw.choice((b"99999999", b"9999999999999", b"99999999999999999999999")))
        )
        return hostile(sent, ending=HALF_CLOSE, is_incomplete=True)
    # Most of them are small: the largest ones take a tenth of a second each.
    size = _OVERSIZE[draw.choice((0, 0, 0, 0, 1, 1, 2, 3))]
    body = encode_body(request)
    return hostile(message(request, body[:-1] + b" " * size + body[-1:]), ending=HALF_CLOSE)


@kind
def json_syntax(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send what is no JSON, or only nearly."""
    if request.media != JSON:
        return None
    body = json.dumps(request.body)
    spoiled = draw.choice(
        (
            b"",
            b"null",
            b"true",
            b"0",
            b'""',
            b"NaN",
            b"-Infinity",
            b"[NaN]",
            body.encode() + b"x",
            body.encode() + body.encode(),
            body.encode()[:-1],
            body.replace('"', "'").encode(),
            b"/* comment */" + body.encode(),
            b"\xef\xbb\xbf" + body.encode(),
            b"\xef\xbb\xbf" * 2 + body.encode(),
            body.encode("utf-16"),
            body.encode("utf-32"),
            b"\x00" + body.encode(),
            body.encode() + b"\x00",
            body.replace('"', '"\xff', 1).encode("latin-1", "replace"),
            body.replace('"', '"\\ud800', 1).encode(),
            body.replace('"', '"\\u0000', 1).encode(),
            body.replace('"', '"\x01', 1).encode(),
            body.replace(":", ":: ", 1).encode(),
            body.replace("}", ",}", 1).encode(),
            body.replace("{", '{"a":1,"a":2,"A":3,', 1).encode(),
            body.replace(": ", ": 1e999, ", 1).encode(),
            b" " * 50_000 + body.encode(),
        )
    )
    return hostile(message(request, spoiled))


@kind
def json_depth(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Nest the body, or a member of it, deeply."""
    if request.media != JSON:
        return None
    deep = nested(draw.choice((50, 129, 300, 1_100, 5_000, 30_000, 200_000)), draw.choice("[{"))
    if draw.chance(30):
        deep = deep[: len(deep) // 2 + 1]
    elif isinstance(request.body, dict) and request.body and draw.chance(60):
        name = draw.choice(list(request.body))
        deep = json.dumps({**request.body, name: "DEEP"}).replace('"DEEP"', deep, 1)
    elif isinstance(request.body, list):
        deep = f"[{deep}]"
    return hostile(message(request, deep.encode()))


@kind
def json_values(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send as many short values as the body may have bytes."""
    if request.media != JSON:
        return None
    item = draw.choice(("[]", "{}", "0", '"a"', '{"a":[]}', "[[],{}]"))
    size = draw.choice((60_000, 1_000_000, 8_000_000, 16_000_000))
    values = "[" + f"{item}," * (size // (len(item) + 1)) + f"{item}]"
    if isinstance(request.body, dict) and request.body and draw.chance(60):
        name = draw.choice(list(request.body))
        values = json.dumps({**request.body, name: "VALUES"}).replace('"VALUES"', values, 1)
    return hostile(message(request, values.encode()))


@kind
def json_numbers(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Write numbers that few parsers can read."""
    if request.media != JSON:
        return None
    numbers = (
        "1" * 5_000,
        "-" + "9" * 400,
        "1e400",
        "1e-400",
        "1E+99999999",
        "0." + "1" * 5_000,
        "-0",
        "01",
        ".5",
        "5.",
    )
    more = ("0x10", "1_0", "+1", "1e", "Infinity", "NaN", "12345678901234567890", "1.0", "3.0000000000000000001", "1e2")
    number = draw.choice((*numbers, *more))
    body = request.body
    if isinstance(body, list):
        body = body[0] if body and isinstance(body[0], dict) else {}
    if not isinstance(body, dict) or not body:
        return hostile(message(request, number.encode()))
    text = json.dumps({**body, draw.choice(list(body)): "NUMBER"}).replace('"NUMBER"', number, 1)
    return hostile(message(request, (f"[{text}]" if isinstance(request.body, list) else text).encode()))


@kind
def form_syntax(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Spoil a form."""
    if request.media != FORM:
        return None
    body = encode_body(request)
    spoiled = draw.choice(
        (
            b"",
            b"&" * 5_000,
            b"=" * 5_000,
            b"=&=&=",
            body + b"&a" * 5_000,
            body + b"&" + b"&".join(b"f%d=1" % number for number in range(20_000)),
            body + b"&" + body,
            body.replace(b"&", b";"),
            body + b"&a[b][c]=1&a[]=2&a[0]=3",
            body + b"&x=%",
            body + b"&x=%zz%%%",
            body + b"&x=%ff%fe",
            body + b"&x=%00",
            body + b"&%00=x",
            body + b"&x=%u0041",
            body + b"&x=" + b"+" * 50_000,
            body + b"&" + b"a" * 50_000 + b"=1",
            body.replace(b"=", b"==", 1),
            b"\xff\xfe" + body,
            body.decode().encode("utf-16"),
            body + b"\r\n\r\n",
        )
    )
    return hostile(message(request, spoiled))


@kind
def multipart(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send a spoiled multipart body."""
    if not _takes_body(request):
        return None
    edge = b"edge"
    part = b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\nvalue\r\n'
    spoiled = draw.choice(
        (
            b"",
            b"--edge--",
            part % b"a",
            b"".join(part % (b"f%d" % number) for number in range(3_000)) + b"--edge--\r\n",
            part % (b"a" * 50_000) + b"--edge--\r\n",
            b'--edge\r\nContent-Disposition: form-data; name="a"; filename="../../etc/passwd"\r\n\r\nx\r\n--edge--\r\n',
            b"--edge\r\n" + b"X: y\r\n" * 3_000 + b"\r\nvalue\r\n--edge--\r\n",
            b"--edge\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--\r\n--edge--\r\n",
            b"--edge\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--edge--\r\n",
            b"--edge\nContent-Disposition: form-data; name=a\n\nvalue\n--edge--\n",
            b"--edg" * 20_000,
            (part % b"\xff\xfe") + b"--edge--\r\n",
        )
    )
    sent = message(request, spoiled)
    boundary = draw.choice((edge, edge, edge, b'"edge"', b"", b"a" * 5_000, b"\xff"))
    sent.set_header(b"Content-Type", b"multipart/form-data; boundary=" + boundary)
    return hostile(sent)


@kind
def csv_syntax(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Spoil a CSV file."""
    if request.media != CSV:
        return None
    text = str(request.body)
    first = text.splitlines()[0]
    spoiled = draw.choice(
        (
            "",
            "\n" * 5_000,
            "," * 50_000,
            first + "\n" + '"' + "a" * 200_000,
            first + "\n" + "a" * 140_000 + "\n",
            first + '\n"unclosed',
            first + '\n"a"b"c"\n',
            first + "\na\0b\n",
            text + text,
            text.replace(",", ";"),
            text.replace("\n", "\r"),
            text.replace("\n", "\n\n"),
            "\ufeff" + text,
            first + "\n" + "\n".join(INJECTIONS[:10]),
            first + "," + first,
            first + "\n" + ("x," * 5_000) + "\n",
            text.upper(),
            first + "\n" + "\n".join(f"C{number:07},1" for number in range(30_000)),
        )
    )
    return hostile(message(with_body(request, spoiled)))


@kind
def xml_entities(draw: Draw, request: ValidRequest) -> HostileRequest | None:
    """Send XML with entities and other traps, as the body and in each field that may be XML."""
    if not _takes_body(request):
        return None
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    document = draw.choice(
        (
            '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file://localhost/etc/passwd">]><SMS>&x;</SMS>',
            f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><SMS>&l9;</SMS>',
            '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><SMS/>',
            "<SMS>" * 20_000,
            "<SMS " + " ".join(f'a{n}="1"' for n in range(5_000)) + "/>",
            "<SMS><![CDATA[" + "x" * 50_000 + "]]></SMS>",
            "<SMS>&#0;&#xD800;</SMS>",
            '<?xml version="1.0" encoding="utf-7"?><SMS/>',
            '<SMS xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file://localhost/etc/passwd"/></SMS>',
            "<",
        )
    )
    if request.media == FORM and draw.chance(70):
        fields = dict(request.body)
        fields[draw.choice([*fields, "xml", "data", "XMLData", "messages"])] = document
        return hostile(message(with_body(request, fields)))
    sent = message(request, document.encode())
    sent.set_header(b"Content-Type", draw.choice((b"application/xml", b"text/xml")))
    return hostile(sent)
