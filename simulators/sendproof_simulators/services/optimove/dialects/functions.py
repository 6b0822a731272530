"""The open questions about Optimove's functions. Those about its events: dialects_events.py."""

from sendproof_simulators.core.dialects import Dialect, Option


def _asked(name: str, question: str, *options: tuple[str, str, str, str]) -> Dialect:
    """A question with its answers: value, meaning, evidence, source."""
    return Dialect(
        name=name,
        question=question,
        options=tuple(Option(value=v, meaning=m, evidence=e, source=s) for v, m, e, s in options),
    )


_REFUSALS = (
    _asked(
        "unknown_key",
        "What is answered to a key that is not known, or not any more?",
        ("401", "Unauthorized", "observed", "client code: GitHub larvit/optimove_mocker, for a missing token"),
        ("403", "Forbidden", "observed", "client code: GitHub Alex-Sh/optimove-client, for an invalid token"),
    ),
    _asked(
        "forbidden",
        "What is answered to a function or channel that the key is not made for?",
        ("403", "Forbidden", "assumed", "no statement"),
        ("401", "Unauthorized", "assumed", "no statement"),
    ),
    _asked(
        "unlisted_functions",
        "May a key of type Integrations call what is not on the list for third parties?",
        (
            "refused",
            "only the functions of the list, and information on the key itself",
            "documented",
            "https://github.com/optimove-tech/Optimove-APIs (sandbox guide)",
        ),
        (
            "allowed",
            "every function but those that need an Admin key: making and changing attributes",
            "assumed",
            "clients with such keys were seen to read attributes",
        ),
    ),
    _asked(
        "unknown_id",
        "What is answered to a campaign or channel that is not known?",
        ("404", "Not Found", "assumed", "test doubles of PyPI optimove 2.0.0"),
        ("400", "Bad Request", "assumed", "no statement"),
    ),
    _asked(
        "retry_after",
        "Does 429 say when to come back?",
        (
            "absent",
            "no such header",
            "documented",
            "https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove (mentions none)",
        ),
        ("seconds", "Retry-After: 10", "assumed", "RFC 6585"),
    ),
    _asked(
        "rate_limit",
        "How many requests may be made?",
        (
            "50_in_10_s",
            "50 in any 10 seconds for a key",
            "documented",
            "https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove",
        ),
        (
            "2000_in_1_h",
            "2,000 in any hour for a key",
            "documented",
            "https://developer.optimove.com/docs/rate-limits-1 (older)",
        ),
    ),
    _asked(
        "login_failure",
        "What is answered to a wrong user name or password?",
        ("401", "Unauthorized", "observed", "tests of PyPI optimove 2.0.0"),
        (
            "500",
            "Internal Server Error",
            "observed",
            "client code: GitHub larvit/optimove_mocker; older documents say so too",
        ),
    ),
)

_ANSWERS = (
    _asked(
        "empty_result",
        "What does a list answer when there is nothing to list, or past its end?",
        (
            "list",
            "200 with an empty array",
            "observed",
            "client code: a Vonage SMS bridge pages until it comes; GitHub larvit/optimove_mocker",
        ),
        ("not_found", "404", "assumed", "a section Empty Response exists in the documents; its text is not known"),
        ("no_content", "204", "assumed", "as above"),
    ),
    _asked(
        "success_body",
        "What does a function answer that changes something?",
        (
            "empty",
            "200 and no body",
            "documented",
            "https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions (no payload)",
        ),
        (
            "response_code",
            '200 and {"ResponseCode":200}',
            "observed",
            "client code: GitHub larvit/optimove_mocker; tests of PyPI optimove 2.0.0",
        ),
    ),
    _asked(
        "id_type",
        "Are ids in answers numbers or text?",
        ("numbers", "14", "observed", "client code: PyPI optimove 2.0.0; a Vonage SMS bridge"),
        (
            "text",
            '"14"',
            "observed",
            "client code: GitHub larvit/optimove_mocker, of the live service; a Go push lambda",
        ),
    ),
    _asked(
        "flag_type",
        "Are IsMultiChannel and its like booleans or text?",
        ("booleans", "true", "observed", "client code: a Vonage SMS bridge; a Go push lambda"),
        ("text", '"true"', "observed", "client code: PyPI optimove 2.0.0"),
    ),
    _asked(
        "attributes_shape",
        "In which form come the attributes of a customer?",
        ("array", 'CustomerAttributes: ["a","b"]', "observed", "client code: PyPI optimove 2.0.0; a Vonage SMS bridge"),
        (
            "joined",
            'CustomerAttribute: "a,b"',
            "observed",
            "client code: GitHub larvit/optimove_mocker, of the live service in 2016",
        ),
    ),
    _asked(
        "execution_time_name",
        "How does GetCustomerExecutionDetailsByCampaign spell the time?",
        ("ScheduleTime", "without d", "observed", "client code: a Node promotion service; a PHP gaming platform"),
        ("ScheduledTime", "as GetCustomerSendDetailsByChannel does", "assumed", "no statement"),
    ),
    _asked(
        "attribute_update_status",
        "With which status is UpdateCustomerAttributes accepted?",
        ("200", "OK", "documented", "https://developer.optimove.com/reference/post_customers-updatecustomerattributes"),
        (
            "202",
            "Accepted",
            "observed",
            "client code: GitHub BetCity-nl/Optimove_API_hourly_attributes takes both for success",
        ),
    ),
    _asked(
        "attribute_update_body",
        "What does UpdateCustomerAttributes answer?",
        (
            "request_id",
            "the requestId of the callback to come",
            "assumed",
            "it would be of no use there without it here",
        ),
        ("empty", "what other functions that change something answer", "assumed", "no statement"),
    ),
    _asked(
        "api_key_info",
        "What does Api Key Info answer?",
        ("object", "one object", "assumed", "detail functions answer a bare object"),
        ("array", "an array that holds it", "assumed", "no statement"),
    ),
    _asked(
        "listener_channel",
        "How does GetRegisteredEventListeners show a general listener?",
        ("absent", "without ChannelID", "assumed", "as it was registered"),
        ("null", "with ChannelID null", "assumed", "no statement"),
    ),
)

_PAGING = (
    _asked(
        "page_maximum",
        "How many rows does a page hold at most?",
        (
            "10000",
            "10,000; a larger $top is cut to that",
            "observed",
            "client code: GitHub avalanchy/optimoveapi, quoting the documents of 2016",
        ),
        ("20000", "20,000", "observed", "client code: a Node promotion service asks for so many"),
        ("200000", "200,000", "observed", "client code: a PHP gaming platform expects so many"),
    ),
    _asked(
        "paging_names",
        "Are top and skip honoured without their dollar?",
        ("dollar_only", "no, they are passed over", "assumed", "no statement"),
        ("both", "yes", "observed", "client code: a Go push lambda and a PHP gaming platform send them"),
    ),
    _asked(
        "row_order",
        "In which order come the rows of a campaign?",
        ("ascending", "by customer id", "assumed", "no statement"),
        ("descending", "by customer id, backwards", "assumed", "no statement"),
    ),
)

_LIMITS = (
    _asked(
        "attribute_update_limit",
        "How many customers may one UpdateCustomerAttributes hold?",
        (
            "1000",
            "1,000",
            "documented",
            "https://developer.optimove.com/reference/post_customers-updatecustomerattributes",
        ),
        ("10000", "10,000", "documented", "https://developer.optimove.com/docs/integrate-your-service-with-optimove"),
    ),
    _asked(
        "metric_values",
        "Does UpdateCampaignMetrics replace a value or add to it?",
        (
            "absolute",
            "a value is the total so far and replaces the one before",
            "assumed",
            "fits the advice to call it several times a day for a week",
        ),
        (
            "additive",
            "values of equal parameters are added together",
            "observed",
            "client code: a Vonage SMS bridge posts 1 for each receipt",
        ),
    ),
    _asked(
        "metric_ids",
        "Are the metrics 7 and 8 known?",
        ("seen", "no: 0 to 6 and 9", "observed", "client code: a Vonage SMS bridge"),
        ("all", "yes: 0 to 9", "assumed", "nobody says what they are"),
    ),
    _asked(
        "communication_modes",
        "Which CommunicationMode means that a customer opted out?",
        ("2_is_out", "1 is in, 2 is out", "assumed", "the documents' sample is 2; no statement"),
        ("0_is_out", "1 is in, 0 is out", "assumed", "no statement"),
    ),
    _asked(
        "event_1_channel",
        "May a listener for event 1 name a channel?",
        ("accepted", "yes", "observed", "client code: a Vonage SMS bridge does it"),
        ("refused", "no, only event 13 and 11 have channels", "assumed", "the documents describe it for 13 only"),
    ),
)

FUNCTION_DIALECTS = (*_REFUSALS, *_ANSWERS, *_PAGING, *_LIMITS)
