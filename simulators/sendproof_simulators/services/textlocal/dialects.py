"""The open questions about Textlocal, and the options of each. `sendproof dialects` lists them."""

from sendproof_simulators.core.dialects import Dialect, Option

_NOBODY = "nothing published or observed says"
_SEND = "http://api.txtlocal.com/docs/sendsms"
_INDIA = "http://www.sms7.biz/sms-api/asp_api.aspx"
_INFO = "https://api.txtlocal.com/docs/helpfulinfo"
_INTRO = "https://api.txtlocal.com/docs/"
_PHP = "https://github.com/scottybo/textlocal"
_JAVA1 = "https://github.com/lindar-open/textlocal-java-client"
_JAVA2 = "https://github.com/shailahir/textlocal-api"
_RECEIPTS = "https://api.txtlocal.com/docs/handlingreceipts"
_SCHEDULED = "https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages"
_HISTORY = "https://api.txtlocal.com/docs/messagereporting/getapimessagehistory"
_PIPEDREAM = "https://github.com/PipedreamHQ/pipedream/blob/master/components/textlocal/textlocal.app.mjs"
_BROCHURE = "the brochure Textlocal x Optimove"


def _documented(value: str, meaning: str, source: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="documented", source=source)


def _observed(value: str, meaning: str, source: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="observed", source=source)


def _assumed(value: str, meaning: str) -> Option:
    return Option(value=value, meaning=meaning, evidence="assumed", source=_NOBODY)


def _question(name: str, question: str, *options: Option) -> Dialect:
    return Dialect(name=name, question=question, options=options)


DIALECTS = (
    _question(
        "variant",
        "Which country's Textlocal is it?",
        _documented("uk", "api.txtlocal.com: senders of 3 to 11 characters, texts of 765, any text at any hour", _SEND),
        _documented(
            "india",
            "api.textlocal.in: six letters for a sender, approved texts only (80), 9 am to 9 pm (192), 766 characters",
            _INDIA,
        ),
    ),
    _question(
        "template_send",
        "Can a send name a template, and a group hold customer ids?",
        _observed("none", "no: the caller sends the final text to numbers; no client has such a parameter", _PHP),
        Option(
            value="brochure",
            meaning="yes: `template_id` with `group_id`, customer ids for contacts, texts filled in by Textlocal",
            evidence="assumed",
            source=f"{_BROCHURE} tells of it; the parameter's name is ours",
        ),
    ),
    _question(
        "group_merge",
        "Are placeholders filled in from the contacts of a group?",
        _documented("literal", "no: merge fields do not work through the API", "the Textlocal Templates Guide (India)"),
        _assumed("merged", "yes: %%|first_name%%, last_name, custom1 to custom3"),
    ),
    _question(
        "long_text",
        "What becomes of a text that is too long?",
        _documented("refused", "the send is refused (6)", "https://api.txtlocal.com/docs/otp_send"),
        _documented("cut", "it is cut", _INFO),
    ),
    _question(
        "plain_unicode",
        "What becomes of characters outside the GSM alphabet in a text without `unicode`?",
        _assumed("ucs2", "the text is sent as UCS-2 all the same"),
        _assumed("question_marks", "each becomes a question mark"),
    ),
    _question(
        "unicode_parts",
        "How long are the parts of a text in UCS-2?",
        Option(
            value="67", meaning="70 alone, 67 joined", evidence="assumed", source="3GPP TS 23.040; Textlocal is silent"
        ),
        _assumed("70", "70 each"),
    ),
    _question(
        "plus_numbers",
        "Are numbers taken with a plus, two zeros, blanks or brackets?",
        _assumed("understood", "yes"),
        _documented("refused", "no: they are invalid; the documented form is digits only", _SEND),
    ),
    _question(
        "national_numbers",
        "Is a number without a country one of Textlocal's own country?",
        _documented("refused", "no: it is invalid; the documented form has the country code", _SEND),
        _assumed("understood", "yes: 07... is 447... in the UK; in India ten digits follow the 0"),
    ),
    _question(
        "repeated_numbers",
        "What becomes of a number that stands twice in one send?",
        _assumed("each", "it gets two messages"),
        Option(
            value="once",
            meaning="it gets one",
            evidence="documented",
            source="the older API removed duplicates for groups, http://www.txtlocal.co.uk/developers/docs/",
        ),
    ),
    _question(
        "no_valid_numbers",
        "With which code is a send refused that has no valid number?",
        _documented("51", "No valid numbers specified", "https://api.txtlocal.com/docs/otp_send"),
        _observed("4", "No recipients specified, beside the warning 3", _JAVA2),
    ),
    _question(
        "optouts_default",
        "Does a send without `optouts` leave out who opted out?",
        _observed("sent", "no", _PIPEDREAM),
        Option(
            value="left_out",
            meaning="yes",
            evidence="documented",
            source="the older API always did for groups, http://www.txtlocal.co.uk/developers/docs/",
        ),
    ),
    _question(
        "test_ids",
        "Which ids does a test send answer?",
        _assumed("as_sent", "such as a real one would have"),
        _observed("ones", "batch 99, and messages 1, 2, ... as numbers", _JAVA2),
    ),
    _question(
        "bulk_keys",
        "How does `bulk_json` spell its receipt address and its time?",
        _assumed("any", "in every way that was seen"),
        _observed("camel", "`receiptUrl`, `scheduled`", "TxtLocalEx (Elixir), GoApptiv/textlocal-package-laravel"),
        _assumed("snake", "`receipt_url`, `schedule_time`, as `send` does"),
    ),
    _question(
        "bulk_custom",
        "Where does `bulk_json` take `custom`?",
        _assumed("message", "for the call and for each message"),
        _assumed("call", "for the call only"),
        _assumed("ignored", "nowhere"),
    ),
    _question(
        "receipt_retries",
        "What becomes of a receipt that is not acknowledged?",
        _assumed("repeated", "it comes again after 1, 5 and 30 minutes"),
        _assumed("once", "it is lost"),
    ),
    _question(
        "expired_receipts",
        "Is the end of an expired message (E) pushed?",
        _documented("asked", "no: it can only be asked for", _RECEIPTS),
        _assumed("pushed", "yes, like the others"),
    ),
    _question(
        "batch_counters",
        "Does `status_batch` count expired messages?",
        _documented("num_expired", "yes", "https://api.txtlocal.com/docs/messagereporting/batchstatus"),
        _observed("without", "no: older clients know no such counter", _JAVA1),
    ),
    _question(
        "scheduled_status",
        "Does the reply of `get_scheduled` have a `status`?",
        _observed("present", "yes", "the tests of https://github.com/ThinkStudeo/laravel-textlocal"),
        _documented("absent", "no: the sample has none", _SCHEDULED),
    ),
    _question(
        "schedule_limits",
        "How near and how far may a scheduled time be?",
        _assumed("none", "as one likes"),
        _assumed("limited", "15 minutes to a year ahead, else 191"),
    ),
    _question(
        "optouts_reply",
        "What does `get_optouts` answer?",
        _assumed("optouts", "a list `optouts` of numbers"),
        _assumed("contacts", "the contacts of group 6, as `get_contacts` does"),
    ),
    _question(
        "histories",
        "Which sends does `get_history_single` list?",
        _documented("origin", "those of the website: what came through the API is in `get_history_api` only", _HISTORY),
        _assumed("kind", "all that went to numbers, through the API, too"),
    ),
    _question(
        "error_status",
        "With which HTTP status is trouble answered?",
        _observed("200", "200", _PHP),
        _assumed("400", "400, and 401 for a wrong login"),
    ),
    _question(
        "rate_limit",
        "How many calls may an account make?",
        Option(value="none", meaning="as many as it likes", evidence="assumed", source="no limit is published"),
        _assumed("10", "10 in a second, else HTTP 429"),
    ),
    _question(
        "contacts_most",
        "How many numbers does `create_contacts` take?",
        _observed("15000", "15,000", _JAVA1),
        _assumed("10000", "10,000, as many as a send"),
    ),
)
