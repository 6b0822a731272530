"""The second decoding of texts and senders.

documented: `message` is URL-encoded, and the samples in PHP and C# encode it before their HTTP library does so again;
the documented response shows the plain text. Samples in other languages encode once.

A client that encodes once looks like one that encodes twice, so the dialect `text_decoding: twice` decodes a
value again only if nothing in it is left to encode. assumed: which values these are, and that a text is final if it is
made from a template of the account, and the decoded one is not.
"""

import re

from sendproof_simulators.core.percent_encoding import percent_decoded
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal.country_rules import matches_template

# With %20 for a space, a plus is a plus. Some encoders also leave punctuation as it is. A text that begins with a URL
# may have the URL's own %20.
_PERCENT_ENCODED = re.compile(r"(?![A-Za-z]+://)[!-~]*%20[!-~]*")
# Form encoders leave no more than these characters. `%n` is a newline, put in after encoding.
_FORM_ENCODED = re.compile(r"(?:[A-Za-z0-9_.~!'()*/+-]|%[0-9A-Fa-f]{2}|%n)+")
# An escape, or a plus between words: "C++" alone is plain text.
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}|[^+]\++[^+]")


def decoded_text(call: Call, text: str) -> str:
    """Return the text as the phone receives it, after the second decoding of the sandbox. `%n` stays."""
    if not _decodes_twice(call) or not ("%" in text or "+" in text):
        return text
    decoded = _plain_text(text)
    if decoded == text:
        return text
    templates = call.state.templates.values()
    is_final = matches_template(text, templates) and not matches_template(decoded, templates)
    return text if is_final else decoded


def decoded_sender(call: Call, sender: str) -> str:
    """Return the sender after the second decoding of the sandbox: no sender has a plus or a percent sign itself."""
    return _unescaped(sender, plus_is_space=True) if _decodes_twice(call) else sender


def _decodes_twice(call: Call) -> bool:
    return call.context.dialects["text_decoding"] == "twice"


def _plain_text(text: str) -> str:
    if "%20" in text:
        return _unescaped(text, plus_is_space=False) if _PERCENT_ENCODED.fullmatch(text) else text
    if _FORM_ENCODED.fullmatch(text) and _ESCAPE.search(text):
        return _unescaped(text, plus_is_space=True)
    return text


def _unescaped(text: str, *, plus_is_space: bool) -> str:
    """Return the decoded text; a text with escapes that are not UTF-8 does not change."""
    try:
        return percent_decoded((text.replace("+", " ") if plus_is_space else text).encode()).decode()
    except ValueError:
        return text
