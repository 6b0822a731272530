"""A page of calls as Markdown."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

from call_pages.player import Message, Recorded
from call_pages.steps import Call, Chapter, Page, Webhook
from tables import table

_WIDTH = 100

_HEAD = """# {title}

Audience: engineers who write a bridge. This page shows the calls that your bridge makes, and the webhooks that it gets,
in the order that a bridge needs them. Requests and responses are printed from running simulators, and a test repeats
them, so they are complete and current.

* Hosts and credentials are those of `sendproof up`. In a run, take both from the [handover
  file](../connect-your-bridge.md#1-read-the-handover-file), and put its `webhook_token` in place of `WEBHOOK_TOKEN`.
* The examples only leave out headers that your HTTP library adds or reads itself, such as `Content-Length` and `Date`.
  JSON bodies are broken into lines here.
* Store each webhook before you respond to it, and each message before you send it, because a run may kill your bridge.
"""

_CONSENT = """## Consent values

With `consent: attribute` in `bridge` of the handover file, the attribute that `attributes.{key}` names decides:

| value | meaning |
|---|---|
| `1`, `true`, `yes`, in any case | send |
| `0`, every other value, an empty value, `null` | do not send |

Without `consent`, ignore the attribute, because Optimove has already left out those customers. A customer who opted out
at {provider} gets no message in either case.
"""

_NUMBERS = """## Phone numbers

{numbers}

{table}
A number without a country code belongs to `country` of the handover file. Use a library for phone numbers, such as
libphonenumber, instead of your own rules. Replace a leading `00` by `+` first: the library only knows the international
prefix of `country`, which is `011` in the United States. A customer without a valid number gets no message, and counts
as dropped.
"""

_RECIPIENTS = """## Recipients

{paragraphs}
"""

_REST = """## Listen with https

A listener may use http in the sandbox, and https if its certificate is valid for the host in the registered URL. For a
self-signed certificate, set `SSL_CERT_FILE` to its file before you start Sendproof
([details](../connect-your-bridge.md#listen-with-https)).

## Limits

* Optimove: 50 requests in 10 seconds for a key, then 429; 10,000 rows a page; 100 templates and 100 metrics a call;
  10,000 customers in one report of interactions.
{limits}

[Operations](../reference/operations.md) has all limits and errors, with the evidence for each.

## Virtual clock

The virtual clock is optional. A bridge that reads the time from `clock_url` of the handover file, and waits there,
finishes a week in seconds: [fifteen lines](../connect-your-bridge.md#3-use-the-virtual-clock) in Python, JavaScript or
PHP. Without it, the run waits for your bridge in real time, and its send times are `unknown`.

## Prove it

This command starts your bridge with `SENDPROOF_HANDOVER`, simulates a campaign and its week, and reports every mistake:

```text
sendproof run {proof} --command "./my-bridge"
```

With `sendproof up` and the [live page](../live-page.md), you can try single calls: the page shows each request and its
mistakes. [Cancellations, clearance, tests and several
clients](../connect-your-bridge.md#2-implement-the-integration) need more calls.
"""


def render(page: Page, recorded: Sequence[Recorded], spellings: Mapping[str, str]) -> str:
    """Return the page. `spellings` are numbers as the client has them, with what the provider wants."""
    shown = [item for item in recorded if not (isinstance(item.step, Call) and not item.step.shown)]
    return "\n".join(
        (
            _HEAD.format(title=page.title),
            _overview(page, shown),
            *_chapters(shown),
            *([_CONSENT.format(provider=page.provider_title, key=page.consent)] if page.consent else []),
            _recipients(page, spellings),
            _REST.format(limits=_wrapped(f"* {page.limits}", "  "), proof=page.proof),
        )
    )


def _recipients(page: Page, spellings: Mapping[str, str]) -> str:
    """Return the section on phone numbers, or on what messages of another type go to."""
    if page.recipients:
        return _RECIPIENTS.format(paragraphs="\n\n".join(map(_wrapped, page.recipients)))
    rows = [(f"`{arrives}`", f"`{sent}`" if sent else "no message") for arrives, sent in spellings.items()]
    numbers = _wrapped(f"Numbers come as the client's records have them. {page.numbers}")
    return _NUMBERS.format(numbers=numbers, table=table(("arrives as", f"send to {page.provider_title} as"), rows))


def _overview(page: Page, recorded: Sequence[Recorded]) -> str:
    """Return the table of all calls and webhooks."""
    names = {"optimove": "Optimove", page.provider: page.provider_title}
    numbered = enumerate((item for item in recorded if item.request is not None), 1)
    return table(("", "what", "direction", "call"), (_row(number, item, names) for number, item in numbered))


def _row(number: int, item: Recorded, names: Mapping[str, str]) -> Iterator[str]:
    step, request = item.step, item.request
    if not isinstance(step, Call | Webhook) or request is None:
        return
    yield str(number)
    yield f"[{step.title}](#{_anchor(f'{number}. {step.title}')})"
    yield f"to {names[step.service]}" if isinstance(step, Call) else "to your bridge"
    yield f"`{request.first_line.partition(' HTTP/')[0].partition('?')[0]}`"


def _anchor(heading: str) -> str:
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _chapters(recorded: Sequence[Recorded]) -> Iterator[str]:
    number = 0
    for item in recorded:
        if isinstance(item.step, Chapter):
            yield f"## {item.step.title}\n\n{_wrapped(item.step.text)}\n"
        if isinstance(item.step, Call | Webhook) and item.request is not None and item.response is not None:
            number += 1
            yield _section(number, item.step, item.request, item.response)


def _section(number: int, step: Call | Webhook, request: Message, response: Message) -> str:
    answer = "Reply:" if isinstance(step, Call) else "Your answer, with an empty body:"
    parts = [f"### {number}. {step.title}", _wrapped(step.why), _block(request)]
    if isinstance(step, Call) and step.decodes:
        parts.append(f"The field `{step.decodes}`, decoded:\n\n```json\n{_decoded(request, step.decodes)}\n```")
    parts += [answer, _block(response)]
    return "\n\n".join([*parts, *([_wrapped(step.note)] if step.note else [])]) + "\n"


def _wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines, as people write them."""
    lines = textwrap.wrap(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def _block(message: Message) -> str:
    headers = "".join(f"{name}: {text}\n" for name, text in message.headers.items())
    body = f"\n{_body(message)}\n" if message.body else ""
    return f"```http\n{message.first_line}\n{headers}{body}```"


def _body(message: Message) -> str:
    is_json = "json" in message.headers.get("Content-Type", "")
    return spread(json.loads(message.body)) if is_json else message.body


def _decoded(message: Message, field: str) -> str:
    return spread(json.loads(dict(parse_qsl(message.body))[field]))


def spread(value: object, indent: int = 0) -> str:
    """Return JSON in lines: what fits into a line is in one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return short
    inner = " " * (indent + 2)
    if isinstance(value, list):
        lines = [f"{inner}{spread(item, indent + 2)}" for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{' ' * indent}]"
    lines = [f"{inner}{json.dumps(name)}: {spread(item, indent + 2)}" for name, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{' ' * indent}}}"
