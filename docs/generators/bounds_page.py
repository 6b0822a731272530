"""`reference/bounds.md`: the bounds of every port and of every client, from the constants of the programs."""

import csv
from collections.abc import Iterable

from aiosmtpd.smtp import SMTP

from sendproof_bridge import bounded_http as bridge_http
from sendproof_bridge import clock, json_body
from sendproof_bridge.inbound import app as inbound
from sendproof_bridge.outbound import http, response_values, smtp_replies
from sendproof_harness import bounded_file, control_client
from sendproof_harness import bounded_http as harness_http
from sendproof_harness.certificate import bundle, statement
from sendproof_harness.conformance import http as conformance
from sendproof_harness.handover import reader as handover
from sendproof_harness.history import reader
from sendproof_harness.load import model as load
from sendproof_harness.preflight import http as preflight
from sendproof_harness.run.keeping import bounded_log
from sendproof_harness.scenario import yaml_source
from sendproof_simulators import contract_check
from sendproof_simulators.control.activity import customers, pages, requests
from sendproof_simulators.control.sandboxes import SCENARIO_BYTES
from sendproof_simulators.control.states import judge_process
from sendproof_simulators.core import json_text
from sendproof_simulators.core.clock.costly_work import COSTLY_S
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.limits import Limits
from sendproof_simulators.core.messaging import mail_texts
from sendproof_simulators.core.recording import exchanges, newest_records
from sendproof_simulators.core.sandboxes import SnapshotBounds
from sendproof_simulators.core.validation import contract_document, yaml_text
from sendproof_simulators.core.webhooks import attempt_rules, sender
from sendproof_simulators.core.webhooks.log import KEPT_PER_SERVICE
from sendproof_simulators.server import content_encoding, request_bounds
from sendproof_simulators.server.connection_guard import Bounds
from sendproof_simulators.server.memory import LARGE_BODY_BYTES, TURN_SECONDS
from sendproof_simulators.server.smtp.message_reading import HELD_BYTES
from sendproof_simulators.server.smtp.port import MOST_CONNECTIONS, MOST_ERRORS, SILENCE_SECONDS
from sendproof_simulators.services.discovery import contract_path, service_contracts
from sendproof_simulators.services.optimove.customers import subscriptions
from sendproof_simulators.services.smtp import content
from tables import table

_HEAD = """# Bounds of servers and clients

Audience: operators and security reviewers. This page lists how much a client, a service or a bridge can make a process
of Sendproof read or hold, and how long it can make it wait. A request at a bound is served. A request beyond it is
refused, and other clients are still served. [Operations](operations.md) lists the limits of the simulated services,
such as the recipients of a batch.

## Every port

These bounds apply to the control API, to the port of each simulated service, and to the port of the reference bridge.
`sendproof run` and `sendproof contract` open no other ports, except [the SMTP port](#the-smtp-port). A load test with
several processes or machines opens the port of Locust's master, which has none of these bounds: use it in a trusted
network only.
"""

_TIMES = """
Times are real seconds while the server runs: no client is blamed for the time of a suspended process. The time to
respond has no bound, because a parked bridge may wait for a day. A client may half-close the connection after its
request, and still gets the response.

At most half of the files that a process may open are connections. The process raises its own limit of open files as far
as the system allows.

## Bodies
"""

_SMTP = """
## The SMTP port

A message beyond a bound is read to its end, and not kept. Any message can be refused with 452 while others are
incomplete: send it again later. A client that ends its side gets all replies first.
"""

_BODIES = """
A body also counts if it is chunked, or pipelined behind another request. The bound of a service is the limit `body` of
its contract, which you can [change](../../openapi/README.md#limits-and-defaults).

A process of the simulators reads large bodies one at a time: a body of more than {large} waits for those before it, but
for at most {turn} s. Otherwise large bodies that arrive together would be in memory together.

A request that needs more than {costly:.0f} ms of a processor, such as one for a long list, is costly. Costly requests
take turns, and a long one is served in steps, so the requests of other clients are served in between.

## Parts of a request to a simulator
"""

_LISTS = """
## Lists and texts of the control API

Each list continues on a next page. A page looks at a bounded number of entries, so it can have fewer than its limit.
"""

_CLIENTS = """
## Clients
"""


def page() -> str:
    """Return the page."""
    columns = ("bound", "value", "beyond it")
    return "".join(
        (
            _HEAD + "\n",
            table(columns, _port_rows(Bounds())),
            _TIMES + "\n",
            table(("port", "bytes", "beyond it"), _body_rows()),
            _BODIES.format(large=_bytes(LARGE_BODY_BYTES), turn=TURN_SECONDS, costly=COSTLY_S * 1000) + "\n",
            table(columns, _part_rows()),
            _SMTP + "\n",
            table(columns, _smtp_rows()),
            _LISTS + "\n",
            table(columns, _list_rows()),
            _CLIENTS + "\n",
            table(("client", "bound", "value", "beyond it"), _client_rows()),
        )
    )


def _port_rows(bounds: Bounds) -> Iterable[tuple[str, ...]]:
    return (
        ("URL", _bytes(bounds.url_bytes), "414"),
        ("URL and headers together", _bytes(bounds.head_bytes), "431"),
        ("number of headers", f"{bounds.headers}", "431"),
        ("`Host` headers", "exactly 1, or none in HTTP/1.0", "400"),
        ("extension of a chunk, or trailer", _bytes(bounds.head_bytes), "400"),
        ("time to send the head", f"{bounds.head_s} s", "408"),
        ("time to send the request", f"{bounds.request_s} s", "408"),
        ("time of a connection without a request", f"{bounds.idle_s} s", "closed"),
        ("time without reading a response", f"{bounds.unread_s} s", "closed"),
        (
            "connections",
            f"{bounds.connections:,}",
            "the connection that has waited longest for its client is closed; 503 if all wait for responses",
        ),
        ("incomplete bodies of all connections", _bytes(bounds.held_bytes), "408 for the oldest"),
    )


def _smtp_rows() -> Iterable[tuple[str, ...]]:
    limits = Limits(load_contract(contract_path("smtp.yaml")), {})
    return (
        ("message", _bytes(limits.value("submitMessage", "message")), "552"),
        ("line of a message, with its end", f"{SMTP.line_length_limit:,} bytes", "500"),
        ("headers of a message", f"{content.MOST_HEADERS}, each of {content.LONGEST_HEADER:,} bytes", "554"),
        (
            "`From`, `Message-ID`, and the `Content-*` headers of all parts",
            (
                f"{content.MOST_STRUCTURED:,}, as the sum of the squares of their lengths; "
                f"{content.MOST_COMMENTS} comments each"
            ),
            "554",
        ),
        ("parts of a message", f"{content.MOST_PARTS}, of which {content.MOST_NESTING} have parts", "554"),
        ("lines of a message with parts", f"{content.MOST_LINES:,}", "554"),
        ("lines that begin with `--`", f"{content.MOST_BOUNDARIES:,}", "554"),
        ("tags of HTML", f"{mail_texts.MOST_TAGS:,}", "554"),
        ("recipients of a message", f"{limits.keyword('Submission.rcpt_to', 'maxItems'):,}", "452"),
        ("incomplete messages of all connections", _bytes(HELD_BYTES), "452"),
        ("commands that cannot be read, without a message in between", f"{MOST_ERRORS}", "421, and closed"),
        ("time of a connection without a command", f"{SILENCE_SECONDS:.0f} s", "closed"),
        ("connections", f"{MOST_CONNECTIONS:,}", "421 for the oldest without a login, or for the new one"),
    )


def _body_rows() -> Iterable[tuple[str, ...]]:
    limits = {name: Limits(contract, {}).body_bytes for name, contract in service_contracts().items()}
    control = Limits(load_contract(contract_path("control.yaml")), {}).body_bytes
    yield "control API", _bytes(control), "413"
    for name, limit in limits.items():
        yield f"{name}, also decompressed", _bytes(limit), "413"
    yield "reference bridge", _bytes(inbound.MAX_BODY_BYTES), "413"


_COUNTED = f"commas, strings, opening brackets, and each opening brace {json_text.OBJECT_VALUES} times"


def _part_rows() -> Iterable[tuple[str, ...]]:
    refused = "400, or the service's own form of it"
    return (
        ("query parameters", f"{request_bounds.MOST_FIELDS:,}", refused),
        ("fields of a form, or parts of a multipart form", f"{request_bounds.MOST_FIELDS:,}", refused),
        ("levels of JSON", f"{request_bounds.MOST_LEVELS}", refused),
        (f"values of a JSON text: {_COUNTED}", f"{json_text.MOST_VALUES:,}", refused),
        ("decoded texts of a JSON text that have an emoji", _bytes(json_text.MOST_WIDE_BYTES), refused),
        ("content encodings of a body", f"{content_encoding.MAX_ENCODINGS}", "415"),
        ("members of a gzip body", f"{content_encoding.MAX_MEMBERS}", "400"),
    )


def _list_rows() -> Iterable[tuple[str, ...]]:
    document = load_contract(contract_path("control.yaml")).document["components"]["parameters"]
    limit, text = document["Limit"]["schema"], document["Text"]["schema"]
    next_page = "on the next page"
    return (
        ("items of a page", f"{limit['default']:,} by default, {limit['maximum']:,} at most", "400"),
        ("text that is searched", f"{text['maxLength']:,} characters", "400"),
        ("entries that a page looks at", f"{pages.LOOKED_AT_MAX:,}", next_page),
        ("customers that a page of a search looks at", f"{customers.LOOKED_AT_MAX:,}", next_page),
        ("messages of a request that are named", f"{requests.MESSAGES_MAX:,}", "counted"),
        ("entries of the story of a customer", f"{customers.STORY_MAX:,}", "left out"),
        ("requests with headers and bodies, of a sandbox", f"{exchanges.EXCHANGES_MAX:,}", "the oldest has none"),
        ("these requests together", _bytes(exchanges.KEPT_BYTES_MAX), "the oldest has none"),
        ("one body that is shown", _bytes(exchanges.BODY_BYTES_MAX), "cut off"),
        (
            "requests without a known credential, of a service",
            f"{newest_records.RECORDS_MAX:,}",
            "the oldest is dropped",
        ),
        ("these requests together, of a service", _bytes(newest_records.KEPT_BYTES_MAX), "the oldest is dropped"),
        ("webhooks in the log, of a service", f"{KEPT_PER_SERVICE:,}", "the oldest is dropped"),
        ("snapshots of a sandbox", f"{SnapshotBounds().count}", "409"),
        ("snapshots of all sandboxes", _bytes(SnapshotBounds().total_bytes), "409"),
        ("scenario of a sandbox, for its judge", _bytes(SCENARIO_BYTES), "409"),
        ("verdict on a running sandbox", _bytes(judge_process.MAX_BYTES), "409"),
        ("time to judge one, one at a time", f"{judge_process.SECONDS:.0f} s", "409"),
    )


def _client_rows() -> Iterable[tuple[str, ...]]:
    return (*_bridge_rows(), *_simulator_rows(), *_harness_rows(), *_file_rows())


def _bridge_rows() -> Iterable[tuple[str, ...]]:
    garbage = "treated like a response that cannot be read"
    name, both, relay = "bridge, from services", "bridge, from services and webhooks", "bridge, from a mail relay"
    silence, total = http.READ_SECONDS, http.READ_SECONDS * bridge_http.TOTAL_PER_READ
    return (
        (name, "response, decompressed", _bytes(bridge_http.MAX_RESPONSE_BYTES), garbage),
        (name, "time of a pause in a response", f"{silence:.0f} s", "treated like a lost response"),
        (name, "time of a response", f"{total:.0f} s", "treated like a lost response"),
        (name, "pages of one list", f"{response_values.MAX_PAGES:,}", garbage),
        (name, "`Retry-After`", f"{http.MAX_RETRY_AFTER_SECONDS:,} s", "shortened"),
        (both, "levels of JSON", f"{json_body.MAX_DEPTH}", "400, or " + garbage),
        (both, "values of JSON", f"{json_body.MAX_VALUES:,}", "400, or " + garbage),
        (relay, "reply", _bytes(smtp_replies.MAX_REPLY_BYTES), "treated like the end of the connection"),
        (
            relay,
            "time of a pause, and of a reply",
            f"{silence:.0f} s, and {total:.0f} s",
            "treated like the end of the connection",
        ),
        ("bridge, from the sandbox's clock", "response", _bytes(clock.MAX_TICK_BYTES), "logged, and requested again"),
    )


def _simulator_rows() -> Iterable[tuple[str, ...]]:
    listeners, seconds = "simulators, from listeners", f"{sender.TIMEOUT_SECONDS:.0f} s"
    return (
        (listeners, "time until the headers, and time of the body", seconds, "the webhook has failed"),
        (listeners, "response", _bytes(attempt_rules.MAX_BODY_BYTES), "not read; the connection is closed"),
        ("simulators, from batch files", "lines after the first", f"{subscriptions.MOST_ROWS:,}", "409"),
        ("simulators, from batch files", "value in CSV", f"{csv.field_size_limit():,} characters", "400"),
    )


def _harness_rows() -> Iterable[tuple[str, ...]]:
    contract, control = "`sendproof contract`, from listeners", "harness, from the control API"
    return (
        (control, "response", _bytes(harness_http.MAX_RESPONSE_BYTES), "error"),
        (control, "journal", _bytes(control_client.MAX_JOURNAL_BYTES), "error"),
        (contract, "response", _bytes(conformance.MAX_BODY_BYTES), "not read; the status counts"),
        ("`sendproof doctor`", "response", _bytes(preflight.MAX_RESPONSE_BYTES), "the check names it"),
        ("`sendproof doctor`", "time of a pause", f"{preflight.RESPONSE_TIMEOUT_S:.0f} s", "the check names it"),
        (
            "`sendproof run`, from the bridge",
            "log",
            f"first {_bytes(bounded_log.HEAD_BYTES)}, and last 1 or 2 times as much",
            "the middle is left out, with a note",
        ),
    )


def _file_rows() -> Iterable[tuple[str, ...]]:
    return (
        ("scenarios and thresholds", "file", f"{yaml_source.SIZE_LIMIT:,} characters", "error"),
        ("scenarios and thresholds", "levels of YAML", f"{yaml_source.DEPTH_LIMIT}, without aliases", "error"),
        ("scenarios and thresholds", "values of YAML, keys included", f"{yaml_source.VALUES_LIMIT:,}", "error"),
        ("handover files", "file", _bytes(handover.MAX_BYTES), "error"),
        ("results of load tests", "file", _bytes(load.MAX_BYTES), "error"),
        ("histories", "line", _bytes(reader.MAX_LINE_BYTES), "error"),
        ("certificates", "files", f"{bundle.MAX_FILES:,}", "error"),
        ("certificates", "list of the files", _bytes(bundle.MAX_DIRECTORY_BYTES), "error"),
        ("certificates", "all files, unpacked", _bytes(bundle.MAX_BYTES), "error"),
        ("certificates", "file other than a history", _bytes(bundle.MAX_READ_BYTES), "error"),
        ("certificates", "runs, each of its own name and history", f"{statement.MOST_RUNS:,}", "error"),
        ("contracts that are checked", "file", _bytes(contract_check.MOST_BYTES), "error"),
        ("contracts", "levels of YAML", str(yaml_text.MOST_LEVELS), "error"),
        ("contracts", "values of YAML, also those of aliases", f"{yaml_text.MOST_VALUES:,}", "error"),
        ("contracts", "references", "only within the document", "error"),
        ("contracts", "schemas of one reference", f"{contract_document.MOST_APPLIED:,}", "error"),
        ("files and settings from a pipe, such as `<(command)`", "time", f"{bounded_file.PIPE_SECONDS:.0f} s", "error"),
    )


def _bytes(number: int) -> str:
    """Return a number of bytes in the largest binary unit that divides it."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number % size == 0:
            return f"{number // size} {unit}"
    return f"{number:,} bytes"
