"""Kinds that break HTTP itself: request lines, headers, lengths, chunks and other protocols."""

import json

from hostile_requests import HALF_CLOSE, STALL, Draw, HostileRequest, ValidRequest, hostile, kind
from messages import message

# A request that would be served if a server took it out of the body of another.
_HIDDEN = b"GET /hidden-request HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_SIZES = (9_000, 20_000, 70_000, 300_000, 2_000_000)


def _line(draw: Draw, line: bytes, request: ValidRequest) -> HostileRequest:
    rest = b"\r\nHost: " + request.host.encode() + b"\r\n\r\n"
    return HostileRequest(blocks=(line + rest,), ending=draw.choice((HALF_CLOSE, HALF_CLOSE, "wait")), is_wrong=False)


@kind
def request_line(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Spoil the request line."""
    path = request.path.encode()
    lines = (
        b"",
        b" ",
        b"GET",
        b"GET " + path,
        b"GET  " + path + b"  HTTP/1.1",
        b"GET\t" + path + b"\tHTTP/1.1",
        b"GET " + path + b" HTTP/1.1 extra",
        b"GET " + path + b" HTTP/9.9",
        b"GET " + path + b" HTTP/2.0",
        b"GET " + path + b" HTTP/1.",
        b"GET " + path + b" http/1.1",
        b"GET " + path + b" RTSP/1.0",
        b"GET " + path + b" HTTP/1.0",
        b"\x00\x01\x02",
        b"GET " + path + b"\x00 HTTP/1.1",
        b"\r\n\r\n\r\nGET " + path + b" HTTP/1.1",
        b"G" * 100_000,
        b"GET /" + b"a" * draw.choice(_SIZES) + b" HTTP/1.1",
        b"\xff\xfe" + path,
        b"HTTP/1.1 200 OK",
    )
    spoiled = _line(draw, draw.choice(lines), request)
    return HostileRequest(blocks=spoiled.blocks, ending=HALF_CLOSE)


@kind
def method(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send another method, or a header that asks for one."""
    sent = message(request)
    methods = (b"get", b"GeT", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"PATCH", b"DELETE", b"PUT", b"PROPFIND")
    others = (b"PURGE", b"M-SEARCH", b"PRI", b"FOO", b"G\x00T", b"G" * 5_000, b"POST\xc3\xa9", b"SOURCE", b"QUERY")
    sent.method = draw.choice((*methods, *others))
    if draw.chance(20):
        sent.method = request.method.encode()
        sent.headers.append((b"X-HTTP-Method-Override", draw.choice(methods)))
        return hostile(sent)
    return hostile(sent, ending=HALF_CLOSE)


@kind
def target(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Spoil the request target: other forms, traversal, encodings."""
    sent = message(request)
    path = sent.target
    sent.target = draw.choice(
        (
            b"http://evil.example" + path,
            b"http://" + request.host.encode() + path,
            b"https://user:password@" + request.host.encode() + path,
            b"*",
            b"evil.example:443",
            b"?x",
            b"http:///" + path.lstrip(b"/"),
            b"http://[::1" + path,
            b"http://" + request.host.encode().partition(b":")[0] + b":99999" + path,
            b"//evil.example" + path,
            b"/../../../../etc/passwd",
            b"/..%2f..%2f..%2fetc%2fpasswd",
            b"/%2e%2e/%2e%2e" + path,
            b"/..;/" + path.lstrip(b"/"),
            b"/\\..\\..\\" + path.lstrip(b"/"),
            b"/./" + path.lstrip(b"/"),
            path.replace(b"/", b"//"),
            path + b"/",
            path + b"#fragment",
            path + b"%",
            path + b"%zz",
            path + b"%00",
            path + b"%c0%af",
            path + b"%ff%fe",
            path + b"%ed%a0%80",
            path + b"\xc3\xa9",
            path + b"\xff",
            path + b";jsessionid=1",
            path.upper(),
            b"/%" + path[1:].hex(" ").replace(" ", "%").encode(),
            path + b"?" + b"&".join(b"p%d=1" % number for number in range(draw.choice((50, 500, 3_000)))),
            path + b"?" + b"&" * draw.choice((100, 5_000)),
            path + b"?=&=&a&a=&=a",
            path + b"?x=" + b"a" * draw.choice(_SIZES[:3]),
            b"/" * draw.choice((10, 1_000, 20_000)),
            b"/" + b"a/" * 3_000,
        )
    )
    if draw.chance(10):
        sent.method = b"CONNECT"
    return hostile(sent)


@kind
def header_syntax(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Spoil the syntax of the headers."""
    sent = message(request)
    head, body = sent.head()[:-2], sent.body
    spoiled = draw.choice(
        (
            b"NoColon\r\n",
            b"Space : before\r\n",
            b" Leading: space\r\n",
            b"Folded: first\r\n second\r\n",
            b"Folded: first\r\n\tContent-Length: 0\r\n",
            b": no name\r\n",
            b"Nul: a\x00b\r\n",
            b"Na\x00me: value\r\n",
            b"Bare-LF: value\nX-Second: value\n",
            b"Bare-CR: value\rX-Injected: yes\r\n",
            b"N\xc3\xa4me: value\r\n",
            b"Value: \xff\xfe\xfd\r\n",
            b"Value: \x01\x02\x7f\r\n",
            b"Host: evil.example\r\n",
            b"Host: " + request.host.encode() + b", evil.example\r\n",
            b"Content-Type: application/json\r\nContent-Type: text/plain\r\n",
            b"Connection: close, keep-alive, Content-Length\r\n",
            b"Connection: " + b"a," * 5_000 + b"\r\n",
            b"X-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=8.8.8.8\r\n",
            b"X-Original-URL: /control/sandboxes\r\nX-Rewrite-URL: /control/sandboxes\r\n",
            b"Range: bytes=0-,0-,0-,0-\r\nIf-Range: *\r\n",
            b"Accept: " + b"*/*;q=0.1," * 500 + b"\r\n",
            b"Accept-Language: " + b"a-" * 2_000 + b"\r\n",
            b"Accept-Charset: utf-7\r\nAccept-Encoding: gzip;q=NaN\r\n",
            b"Cookie: " + b"a=b;" * 1_000 + b"\r\n",
            b"User-Agent: \x1b[31m$(id)\r\n",
        )
    )
    return HostileRequest(
        blocks=(head + spoiled + b"\r\n" + body,), ending=HALF_CLOSE, has_body=request.method != "HEAD"
    )


@kind
def host_and_origin(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send the headers of a web page or of a name that was rebound to this machine, or no Host."""
    sent = message(request)
    if draw.chance(50):
        hosts = (b"", b"evil.example", b"127.0.0.1.evil.example", b"evil.example:4100", b"a b", b"\xff", b"*")
        sent.set_header(b"Host", draw.choice(hosts))
        return hostile(sent, is_wrong=request.checks_host)
    if draw.chance(20):
        sent.headers = [pair for pair in sent.headers if pair[0] != b"Host"]
        return hostile(sent, is_wrong=True)
    origins = (b"null", b"http://evil.example", b"https://localhost.evil.example", b"chrome-extension://a", b"http://")
    sent.set_header(b"Origin", draw.choice(origins))
    sent.set_header(b"Sec-Fetch-Site", draw.choice((b"cross-site", b"same-site", b"none", b"\xff")))
    return hostile(sent)


@kind
def header_size(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send large headers, or many."""
    sent, size = message(request), draw.choice(_SIZES)
    if draw.chance(50):
        sent.headers.append((b"X-Large", b"a" * size))
    elif draw.chance(50):
        sent.headers += [(b"X-%d" % number, b"a" * 20) for number in range(size // 30)]
    else:
        sent.headers.append((b"X" * size, b"a"))
    return hostile(sent, ending=HALF_CLOSE)


@kind
def smuggling(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send contradictory lengths, with another request behind the shorter one."""
    sent = message(request)
    length = b"%d" % len(sent.body)
    sent.adds_length = False
    lengths = (
        ((b"Content-Length", length), (b"Content-Length", b"0")),
        ((b"Content-Length", b"0"), (b"Content-Length", length)),
        ((b"Content-Length", length + b", " + length),),
        ((b"Content-Length", length + b",0"),),
        ((b"Content-Length", b"+" + length),),
        ((b"Content-Length", b"-1"),),
        ((b"Content-Length", b"0x" + b"%x" % len(sent.body)),),
        ((b"Content-Length", length + b" 0"),),
        ((b"Content-Length", b""),),
        ((b"Content-Length", b"9" * 30),),
        ((b"Content-Length", length), (b"Transfer-Encoding", b"chunked")),
        ((b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"xchunked"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"chunked, identity"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"identity"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding ", b"chunked"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"\x0bchunked"), (b"Content-Length", b"0")),
        ((b"Transfer-Encoding", b"gzip, chunked"),),
        ((b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"identity")),
        ((b"X", b"a\r\nTransfer-Encoding: chunked"), (b"Content-Length", b"0")),
        ((b"X", b"a\nContent-Length: 0"), (b"Content-Length", length)),
    )
    sent.headers += draw.choice(lengths)
    sent.body = b"0\r\n\r\n" + _HIDDEN if draw.chance(50) else sent.body + _HIDDEN
    # Two lengths of 0 are one length; what follows is then a second request, which the server may serve or refuse.
    return hostile(sent, ending=HALF_CLOSE)


@kind
def chunks(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send a body in spoiled chunks."""
    sent = message(request)
    body = sent.body or b"{}"
    size = b"%x" % len(body)
    whole = size + b"\r\n" + body + b"\r\n"
    end = b"0\r\n\r\n"
    spoiled = (
        b"g\r\n" + body + b"\r\n" + end,
        b"-1\r\n" + body + b"\r\n" + end,
        b"0x" + whole + end,
        b"+" + whole + end,
        b"f" * 17 + b"\r\n" + body,
        b"ffffffffffffffff\r\n" + body,
        size + b";" + b"a" * 100_000 + b"\r\n" + body + b"\r\n" + end,
        size + b" ; a=b\r\n" + body + b"\r\n" + end,
        size + b"\n" + body + b"\n0\n\n",
        size + b"\r\n" + body + end,
        whole + b"0\r\nX-Injected: yes\r\nContent-Length: 5\r\n\r\n",
        whole + b"0\r\n" + b"X: y\r\n" * 3_000 + b"\r\n",
        whole + b"00000000000000000000\r\n\r\n",
        whole * 2 + end,
        whole + end + _HIDDEN,
        b"".join(b"1\r\n%c\r\n" % byte for byte in body) + end,
        b"1;a\r\n{\r\n" * 5_000 + end,
        whole,
    )
    sent.adds_length = False
    sent.headers.append((b"Transfer-Encoding", draw.choice((b"chunked", b"Chunked", b" chunked "))))
    sent.body = draw.choice(spoiled)
    return hostile(sent, ending=HALF_CLOSE)


@kind
def other_protocols(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Speak another protocol, or ask for one."""
    hello = bytes.fromhex("16030100a5010000a10303") + b"\x00" * 150
    raw = (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 40,
        hello,
        b"\x05\x01\x00",
        b"SSH-2.0-attack\r\n",
        b"EHLO evil.example\r\nMAIL FROM:<a@b>\r\n",
        b"*1\r\n$8\r\nFLUSHALL\r\n",
        b"\x80\x2e\x01\x00\x02",
        b"\x00" * 10_000,
        bytes(range(256)) * 40,
        b"PROXY TCP4 8.8.8.8 127.0.0.1 1 2\r\n" + message(request).encoded(),
        json.dumps(request.body).encode(),
    )
    if draw.chance(60):
        return HostileRequest(blocks=(draw.choice(raw),), ending=HALF_CLOSE)
    sent = message(request)
    upgrades = (
        [(b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")],
        [(b"Upgrade", b"h2c"), (b"Connection", b"Upgrade, HTTP2-Settings"), (b"HTTP2-Settings", b"AAMAAABk")],
        [(b"Expect", b"100-continue")],
        [(b"Expect", b"200-ok, 100-continue")],
        [(b"Upgrade", b"a" * 5_000), (b"Connection", b"Upgrade")],
    )
    sent.headers += draw.choice(upgrades)
    return hostile(sent, ending=HALF_CLOSE)


@kind
def pipelining(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send several requests at once, some of them wrong."""
    valid = message(request).encoded()
    count = draw.choice((2, 5, 50))
    wrong = (
        _HIDDEN,
        b"GET / HTTP/1.1\r\n\r\n",
        b"garbage\r\n\r\n",
        b"\x00",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    )
    parts = [valid if draw.chance(50) else draw.choice(wrong) for _ in range(count)]
    return HostileRequest(blocks=(b"".join(parts),), ending=HALF_CLOSE, most_responses=count, is_mixed=True)


@kind
def stalling(draw: Draw, request: ValidRequest) -> HostileRequest:
    """Send a part of a request and keep the connection open, or send it byte by byte."""
    encoded = message(request).encoded()
    head = encoded.index(b"\r\n\r\n")
    if draw.chance(30):
        start = encoded[: head + 1]
        return HostileRequest(
            blocks=tuple(start[n : n + 1] for n in range(len(start))), pause_s=1.0, ending=STALL, is_incomplete=True
        )
    stop = draw.choice((0, 1, 10, head, head + 2, len(encoded) - 1))
    stop = min(stop, len(encoded) - 1)
    return HostileRequest(blocks=(encoded[:stop],), ending=STALL, is_incomplete=True)
