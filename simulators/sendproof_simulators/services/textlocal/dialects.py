"""The dialects of Textlocal: open questions about its API, and the options of each. `sendproof dialects` lists them."""

from sendproof_simulators.core.dialects import Dialect, Option

_UNKNOWN = "nothing is published or observed"
_SEND = "http://api.txtlocal.com/docs/sendsms"
_INDIA = "http://www.sms7.biz/sms-api/asp_api.aspx"
_INFO = "https://api.txtlocal.com/docs/helpfulinfo"
_PHP = "https://github.com/scottybo/textlocal"
_JAVA1 = "https://github.com/lindar-open/textlocal-java-client"
_JAVA2 = "https://github.com/shailahir/textlocal-api"
_RECEIPTS = "https://api.txtlocal.com/docs/handlingreceipts"
_SCHEDULED = "https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages"
_HISTORY = "https://api.txtlocal.com/docs/messagereporting/getapimessagehistory"
_PIPEDREAM = "https://github.com/PipedreamHQ/pipedream/blob/master/components/textlocal/textlocal.app.mjs"
_SHORT_LINK_CLIENTS = f"{_JAVA2} and two more clients, which read it as text"
_BROCHURE = "the brochure Textlocal x Optimove"


def _documented(value: str, meaning: str, source: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="documented", source=source)


def _observed(value: str, meaning: str, source: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="observed", source=source)


def _assumed(value: str, meaning: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="assumed", source=_UNKNOWN)


def _dialect(name: str, question: str, *options: Option) -> Dialect:
    return Dialect(name=name, question=question, options=options)


DIALECTS = (
    _dialect(
        "variant",
        "Which country's Textlocal is it?",
        _documented("uk", "api.txtlocal.com: senders of 3 to 11 characters, texts of 765, any text at any hour", _SEND),
        _documented(
            "india",
            "api.textlocal.in: six letters for a sender, approved texts only (80), 9 am to 9 pm (192), 766 characters",
            _INDIA,
        ),
    ),
    _dialect(
        "template_send",
        "Can a send name a template, and can a group contain customer ids?",
        _observed("none", "no: the caller sends the final text to numbers; no client has such a parameter", _PHP),
        Option(
            value="brochure",
            meaning="yes: `template_id` with `group_id`, ids of imported customers, texts filled in by Textlocal",
            evidence="assumed",
            source=f"{_BROCHURE} describes it; the name of the parameter is ours",
        ),
    ),
    _dialect(
        "group_merge",
        "Are placeholders filled in from the contacts of a group?",
        _documented("literal", "no: merge fields do not work through the API", "the Textlocal Templates Guide (India)"),
        _assumed("merged", "yes: %%|first_name%%, last_name, custom1 to custom3"),
    ),
    _dialect(
        "text_decoding",
        "How often are a text and a sender decoded?",
        _documented(
            "twice",
            "twice if nothing in them is left to encode: the samples in PHP and C# encode them before the form",
            _SEND,
        ),
        _assumed("once", "with the form only: a text in `bulk_json` is plain, and %20 is no space"),
    ),
    _dialect(
        "long_text",
        "What happens to a text that is too long?",
        _documented("refused", "the send is refused (6)", "https://api.txtlocal.com/docs/otp_send"),
        _documented("cut", "it is cut", _INFO),
    ),
    _dialect(
        "plain_unicode",
        "What happens to characters outside the GSM alphabet in a text without `unicode`?",
        _assumed("ucs2", "the text is sent as UCS-2 anyway"),
        _assumed("question_marks", "each becomes a question mark"),
    ),
    _dialect(
        "unicode_parts",
        "How long are the parts of a text in UCS-2?",
        Option(
            value="67",
            meaning="70 in a single part, 67 in each of several",
            evidence="assumed",
            source="3GPP TS 23.040; Textlocal does not say",
        ),
        _assumed("70", "70 in every part"),
    ),
    _dialect(
        "plus_numbers",
        "Are numbers accepted with a plus, two zeros, spaces or brackets?",
        _assumed("understood", "yes"),
        _documented("refused", "no: they are invalid; the documented form is digits only", _SEND),
    ),
    _dialect(
        "national_numbers",
        "Is a number without a country code one of Textlocal's own country?",
        _documented("refused", "no: it is invalid; the documented form has the country code", _SEND),
        _assumed("understood", "yes: 07... is 447... in the UK; in India ten digits follow the 0"),
    ),
    _dialect(
        "repeated_numbers",
        "What happens to a number that is in one send twice?",
        _assumed("each", "it gets two messages"),
        Option(
            value="once",
            meaning="it gets one message",
            evidence="documented",
            source="the older API removed duplicates for groups, http://www.txtlocal.co.uk/developers/docs/",
        ),
    ),
    _dialect(
        "no_valid_numbers",
        "Which code refuses a send without any valid number?",
        _documented("51", "No valid numbers specified", "https://api.txtlocal.com/docs/otp_send"),
        _observed("4", "No recipients specified, together with warning 3", _JAVA2),
    ),
    _dialect(
        "warning_numbers",
        "Does the warning about invalid numbers (3) name them?",
        _observed("absent", "no: the recipients without a message are those that `messages` does not have", _JAVA2),
        _assumed("present", "yes, as the warning about numbers that must not be disturbed (DND) does"),
    ),
    _dialect(
        "optouts_default",
        "Does a send without `optouts` leave out opted-out numbers?",
        _observed("sent", "no", _PIPEDREAM),
        Option(
            value="left_out",
            meaning="yes",
            evidence="documented",
            source="the older API always did for groups, http://www.txtlocal.co.uk/developers/docs/",
        ),
    ),
    _dialect(
        "test_ids",
        "Which ids does a test send return?",
        _assumed("as_sent", "ids like those of a real send"),
        _observed("ones", "batch 99, and messages 1, 2, ... as numbers", _JAVA2),
    ),
    _dialect(
        "bulk_keys",
        "How does `bulk_json` spell its receipt URL and its send time?",
        _assumed("any", "in every observed way"),
        _observed("camel", "`receiptUrl`, `scheduled`", "TxtLocalEx (Elixir), GoApptiv/textlocal-package-laravel"),
        _assumed("snake", "`receipt_url`, `schedule_time`, as `send` does"),
    ),
    _dialect(
        "bulk_ids",
        "Which of a message's id and its recipient is a number in the response to `bulk_json`?",
        _assumed("as_sent", "the recipient; the id is text, as in the response to `send`"),
        _observed("swapped", "the id; the recipient is text", "TxtLocalEx (Elixir), typings of a TypeScript client"),
    ),
    _dialect(
        "bulk_custom",
        "Where does `bulk_json` accept `custom`?",
        _assumed("message", "for the call and for each message"),
        _assumed("call", "for the call only"),
        _assumed("ignored", "nowhere"),
    ),
    _dialect(
        "bulk_form_fields",
        "What does `bulk_json` do with `sender`, `test` and other fields next to `data`?",
        _assumed("honoured", "the same as with those in it, which come first"),
        _assumed("refused", "it refuses the call (0)"),
    ),
    _dialect(
        "receipt_retries",
        "What happens to a receipt that is not acknowledged?",
        _assumed("repeated", "it is sent again after 1, 5 and 30 minutes"),
        _assumed("once", "it is lost"),
    ),
    _dialect(
        "expired_receipts",
        "Is a receipt sent for an expired message (E)?",
        _documented("asked", "no: the status can only be queried", _RECEIPTS),
        _assumed("pushed", "yes, like the others"),
    ),
    _dialect(
        "batch_counters",
        "Does `status_batch` count expired messages?",
        _documented("num_expired", "yes", "https://api.txtlocal.com/docs/messagereporting/batchstatus"),
        _observed("without", "no: older clients have no such counter", _JAVA1),
    ),
    _dialect(
        "scheduled_status",
        "Does the response of `get_scheduled` have a `status`?",
        _observed("present", "yes", "the tests of https://github.com/ThinkStudeo/laravel-textlocal"),
        _documented("absent", "no: the sample has none", _SCHEDULED),
    ),
    _dialect(
        "schedule_limits",
        "How near and how far may a scheduled time be?",
        _assumed("none", "any time in the future"),
        _assumed("limited", "15 minutes to a year ahead, otherwise error 191"),
    ),
    _dialect(
        "optouts_reply",
        "What does `get_optouts` return?",
        _assumed("optouts", "a list `optouts` of numbers"),
        _assumed("contacts", "the contacts of group 6, as `get_contacts` does"),
    ),
    _dialect(
        "shorturl_reply",
        "What is `shorturl` in the response of `create_shorturl`?",
        _observed("text", "the short link", _SHORT_LINK_CLIENTS),
        _assumed("object", "an object with `url` and `shorturl`"),
    ),
    _dialect(
        "histories",
        "Which sends does `get_history_single` list?",
        _documented("origin", "those of the website: sends through the API are in `get_history_api` only", _HISTORY),
        _assumed("kind", "all sends to numbers, including those through the API"),
    ),
    _dialect(
        "error_status",
        "Which HTTP status do errors have?",
        _observed("200", "200", _PHP),
        _assumed("400", "400, and 401 for a wrong login"),
    ),
    _dialect(
        "rate_limit",
        "How many calls may an account make?",
        Option(value="none", meaning="any number", evidence="assumed", source="no limit is published"),
        _assumed("10", "10 per second, otherwise HTTP 429"),
    ),
    _dialect(
        "bulk_most",
        "How many messages does `bulk_json` accept?",
        _assumed("10000", "10,000, as many as a send; 500 are recommended"),
        _assumed("500", "500, the recommended number"),
    ),
    _dialect(
        "contacts_most",
        "How many numbers does `create_contacts` accept?",
        _observed("15000", "15,000", _JAVA1),
        _assumed("10000", "10,000, as many as a send"),
    ),
)
