"""The open questions about `saveEvent`."""

from sendproof_simulators.core.dialects import Dialect, Option
from sendproof_simulators.core.members import NULL_MEMBERS

_PAGE = "https://developer.optimove.com/docs/external-vendors-campaign-engagement-metrics"

DIALECTS = (
    Dialect(
        name="host",
        question="What is the prefix of the tenant's host name?",
        options=(
            Option(value="metric", meaning="metric-<tenant>.optimove.net", evidence="documented", source=_PAGE),
            Option(
                value="server",
                meaning="server-<tenant>.optimove.net",
                evidence="observed",
                source="GitHub dlt-hub/vibe-hub, a link scraped from the same page",
            ),
        ),
    ),
    Dialect(
        name="signed_text",
        question="Is the signature over the sent bytes or over the minified JSON?",
        options=(
            Option(value="exact", meaning="the sent bytes", evidence="documented", source=_PAGE),
            Option(
                value="minified",
                meaning="the minified JSON, so that only minified bodies are accepted",
                evidence="observed",
                source="the verifier of a similar service",
            ),
        ),
    ),
    Dialect(
        name="event_names",
        question="Which events can be reported?",
        options=(
            Option(
                value="known",
                meaning="delivered, opened, clicked, dropped, bounced, unsubscribed, spam_reported; never sent",
                evidence="documented",
                source="https://docs.delivyr.net/docs/optimove (the events; the exact spelling is assumed)",
            ),
            Option(value="any", meaning="every name except sent", evidence="assumed", source="no statement"),
        ),
    ),
    Dialect(
        name="success_body",
        question="What is the response if the events were saved?",
        options=(
            Option(
                value="status",
                meaning='{"status":"success","message":"<id>"}',
                evidence="assumed",
                source="its sibling for server-side events: https://developer.optimove.com/docs/serverside",
            ),
            Option(value="empty", meaning="200 and no body", evidence="assumed", source="no statement"),
        ),
    ),
    NULL_MEMBERS,
)
