"""The open questions about Optimove's functions. `events.py` has those about its events."""

from collections.abc import Mapping

from sendproof_simulators.core.dialects import Dialect, Option
from sendproof_simulators.core.members import MEMBER_NAMES, NULL_MEMBERS


def _dialect(name: str, question: str, *options: tuple[str, str, str, str]) -> Dialect:
    """Return a dialect. Each option is (value, meaning, evidence, source)."""
    return Dialect(
        name=name,
        question=question,
        options=tuple(
            Option(value=value, meaning=meaning, evidence=evidence, source=source)
            for value, meaning, evidence, source in options
        ),
    )


_ERROR_DIALECTS = (
    _dialect(
        "unknown_key",
        "Which status does a request with an unknown or disabled key get?",
        ("401", "Unauthorized", "observed", "client code: GitHub larvit/optimove_mocker, for a missing token"),
        ("403", "Forbidden", "observed", "client code: GitHub Alex-Sh/optimove-client, for an invalid token"),
    ),
    _dialect(
        "forbidden",
        "Which status does a request get for a function or channel outside the scope of its key?",
        ("403", "Forbidden", "assumed", "no statement"),
        ("401", "Unauthorized", "assumed", "no statement"),
    ),
    _dialect(
        "unlisted_functions",
        "May a key of type Integrations call functions that are not on the list for third parties?",
        (
            "refused",
            "no, only the functions on the list, and information about the key itself",
            "documented",
            "https://github.com/optimove-tech/Optimove-APIs (sandbox guide)",
        ),
        (
            "allowed",
            "yes, all functions except those that need an Admin key: adding and changing attributes",
            "assumed",
            "clients with such keys were observed to read attributes",
        ),
    ),
    _dialect(
        "customer_look_up",
        "May a key of type Integrations read the attributes of one customer?",
        (
            "allowed",
            "yes, those in its scope",
            "documented",
            "https://docs.delivyr.net/docs/optimove (Find Attributes)",
        ),
        (
            "refused",
            "no, GetCustomerAttributes is not on the list for third parties",
            "documented",
            "https://github.com/optimove-tech/Optimove-APIs (sandbox guide)",
        ),
    ),
    _dialect(
        "unknown_id",
        "Which status does a request with an unknown campaign or channel get?",
        ("404", "Not Found", "assumed", "test doubles of PyPI optimove 2.0.0"),
        ("400", "Bad Request", "assumed", "no statement"),
    ),
    _dialect(
        "unknown_app",
        "What becomes of a request with the id of an app that its channel does not have?",
        ("refused", "it is refused, like one with an unknown channel", "assumed", "no statement"),
        ("accepted", "the id is stored as it is", "assumed", "no statement"),
    ),
    _dialect(
        "unknown_path",
        "Which status does a request get for a path that no function has?",
        ("404", "Not Found", "assumed", "RFC 9110, section 15.5.5"),
        (
            "405",
            "Method Not Allowed",
            "observed",
            "client code: GitHub larvit/optimove_mocker, beside the live service",
        ),
    ),
    _dialect(
        "retry_after",
        "Does a 429 say when to retry?",
        (
            "absent",
            "no, without Retry-After",
            "documented",
            "https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove (mentions none)",
        ),
        ("seconds", "yes, Retry-After: 10", "assumed", "RFC 6585"),
    ),
    _dialect(
        "rate_limit",
        "What is the rate limit of a key?",
        (
            "50_in_10_s",
            "50 requests in any 10 seconds",
            "documented",
            "https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove",
        ),
        (
            "2000_in_1_h",
            "2,000 requests in any hour",
            "documented",
            "https://developer.optimove.com/docs/rate-limits-1 (older)",
        ),
    ),
    _dialect(
        "password_login",
        "Is a login with user name and password possible?",
        ("until_2024_02", "only before 1 February 2024", "documented", "https://docs.xtremepush.com/docs/optimove"),
        ("accepted", "at any time", "observed", "client code: PyPI optimove 2.0.0 (2020)"),
    ),
    _dialect(
        "login_failure",
        "Which status does a login with a wrong user name or password get?",
        ("401", "Unauthorized", "observed", "tests of PyPI optimove 2.0.0"),
        (
            "500",
            "Internal Server Error",
            "observed",
            "client code: GitHub larvit/optimove_mocker; older documents say the same",
        ),
    ),
)

_RESPONSE_DIALECTS = (
    _dialect(
        "empty_result",
        "What is the response with an empty list, or past the end of a list?",
        (
            "list",
            "200 with an empty array",
            "observed",
            "client code: a Vonage SMS bridge reads pages until it gets one; GitHub larvit/optimove_mocker",
        ),
        ("not_found", "404", "assumed", "the documents have a section Empty Response; its text is not known"),
        ("no_content", "204", "assumed", "as above"),
    ),
    _dialect(
        "success_body",
        "What is the response of a function that changes something?",
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
    _dialect(
        "id_type",
        "Are ids in responses numbers or text?",
        ("numbers", "14", "observed", "client code: PyPI optimove 2.0.0; a Vonage SMS bridge"),
        (
            "text",
            '"14"',
            "observed",
            "client code: GitHub larvit/optimove_mocker, of the live service; a Go push lambda",
        ),
    ),
    _dialect(
        "flag_type",
        "Are flags such as IsMultiChannel booleans or text?",
        ("booleans", "true", "observed", "client code: a Vonage SMS bridge; a Go push lambda"),
        ("text", '"true"', "observed", "client code: PyPI optimove 2.0.0"),
    ),
    _dialect(
        "attributes_shape",
        "What is the form of a customer's attributes in a response?",
        ("array", 'CustomerAttributes: ["a","b"]', "observed", "client code: PyPI optimove 2.0.0; a Vonage SMS bridge"),
        (
            "joined",
            'CustomerAttribute: "a,b"',
            "observed",
            "client code: GitHub larvit/optimove_mocker, of the live service in 2016",
        ),
    ),
    _dialect(
        "execution_time_name",
        "How does GetCustomerExecutionDetailsByCampaign spell the member with the time?",
        ("ScheduleTime", "without d", "observed", "client code: a Node promotion service; a PHP gaming platform"),
        ("ScheduledTime", "as GetCustomerSendDetailsByChannel does", "assumed", "no statement"),
    ),
    _dialect(
        "attribute_update_status",
        "Which status does an accepted UpdateCustomerAttributes get?",
        ("200", "OK", "documented", "https://developer.optimove.com/reference/post_customers-updatecustomerattributes"),
        (
            "202",
            "Accepted",
            "observed",
            "client code: GitHub BetCity-nl/Optimove_API_hourly_attributes treats both as success",
        ),
    ),
    _dialect(
        "attribute_update_body",
        "What is the response body of UpdateCustomerAttributes?",
        (
            "request_id",
            "the requestId of the later callback",
            "assumed",
            "without it here, the requestId in the callback would have no use",
        ),
        ("empty", "the same as of other functions that change something", "assumed", "no statement"),
    ),
    _dialect(
        "api_key_info",
        "What is the response of Api Key Info?",
        ("object", "one object", "assumed", "other functions for details return an object"),
        ("array", "an array with one object", "assumed", "no statement"),
    ),
    _dialect(
        "listener_channel",
        "How does GetRegisteredEventListeners list a general listener?",
        ("absent", "without ChannelID", "assumed", "the registration has none"),
        ("null", "with ChannelID null", "assumed", "no statement"),
    ),
)

_PAGING_DIALECTS = (
    _dialect(
        "page_maximum",
        "What is the maximum number of rows in a page?",
        (
            "10000",
            "10,000; a larger $top is reduced to that",
            "observed",
            "client code: GitHub avalanchy/optimoveapi, quoting the documents of 2016",
        ),
        ("20000", "20,000", "observed", "client code: a Node promotion service requests 20,000"),
        ("200000", "200,000", "observed", "client code: a PHP gaming platform expects 200,000"),
    ),
    _dialect(
        "paging_names",
        "Do top and skip work without the dollar sign?",
        ("dollar_only", "no, they are ignored", "assumed", "no statement"),
        ("both", "yes", "observed", "client code: a Go push lambda and a PHP gaming platform send them"),
    ),
    _dialect(
        "row_order",
        "What is the order of a campaign's rows?",
        ("ascending", "by customer id, ascending", "assumed", "no statement"),
        ("descending", "by customer id, descending", "assumed", "no statement"),
    ),
    _dialect(
        "send_details_values",
        "Which attribute values does a row show, if they have changed since the announcement?",
        ("current", "those at the time of the call", "assumed", "no statement; a look-up of a customer shows these"),
        ("announced", "those at the announcement of the campaign", "assumed", "no statement"),
    ),
)

_REQUEST_DIALECTS = (
    MEMBER_NAMES,
    NULL_MEMBERS,
    _dialect(
        "attribute_update_limit",
        "What is the maximum number of customers in one UpdateCustomerAttributes?",
        ("10000", "10,000", "documented", "https://developer.optimove.com/docs/integrate-your-service-with-optimove"),
        (
            "1000",
            "1,000",
            "documented",
            "https://developer.optimove.com/reference/post_customers-updatecustomerattributes",
        ),
    ),
    _dialect(
        "metric_values",
        "Does UpdateCampaignMetrics replace a value or add to it?",
        (
            "absolute",
            "a value is the total so far and replaces the previous value",
            "assumed",
            "consistent with the advice to call it several times a day for a week",
        ),
        (
            "additive",
            "values with equal parameters are added",
            "observed",
            "client code: a Vonage SMS bridge posts 1 for each receipt",
        ),
    ),
    _dialect(
        "metric_ids",
        "Are the metrics 7 and 8 accepted?",
        ("seen", "no: 0 to 6 and 9", "observed", "client code: a Vonage SMS bridge"),
        ("all", "yes: 0 to 9", "assumed", "no statement about their meaning"),
    ),
    _dialect(
        "communication_modes",
        "Which CommunicationMode is an opt-out?",
        ("2_is_out", "1 is an opt-in, 2 an opt-out", "assumed", "the sample in the documents is 2; no statement"),
        ("0_is_out", "1 is an opt-in, 0 an opt-out", "assumed", "no statement"),
    ),
    _dialect(
        "event_1_channel",
        "May a listener for event 1, 2, 3 or 4 name a channel?",
        ("accepted", "yes", "observed", "client code: a Vonage SMS bridge does it for event 1"),
        (
            "refused",
            "no, only listeners for events 11 and 13 may",
            "assumed",
            "the documents describe it only for these",
        ),
    ),
)

FUNCTION_DIALECTS = (*_ERROR_DIALECTS, *_RESPONSE_DIALECTS, *_PAGING_DIALECTS, *_REQUEST_DIALECTS)

OPT_OUT_MODES: Mapping[str, int] = {"2_is_out": 2, "0_is_out": 0}
"""The CommunicationMode of an opt-out, for each option of `communication_modes`."""
