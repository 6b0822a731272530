"""Names that the simulators define and scenario files use. Tests compare these lists with the simulators."""

#: Attributes that every customer has in Optimove, by their usual names.
USUAL_ATTRIBUTES = (
    "EMAIL",
    "FIRST_NAME",
    "LAST_NAME",
    "PHONENUMBER",
    "CITY",
    "COUNTRY",
    "LANGUAGE",
    "SMS_OPT_IN",
    "BALANCE",
)

#: Those that customers of a client with an app have in addition.
DEVICE_ATTRIBUTES = ("PUSH_OPT_IN", "PUSH_TOKEN")
BROWSER_ATTRIBUTES = ("WEB_PUSH_OPT_IN",)

#: The one that customers of a client with e-mails have in addition.
ADDRESS_ATTRIBUTES = ("EMAIL_OPT_IN",)

#: The usual names of the attributes with the phone number and with the consent.
NUMBER_ATTRIBUTE, CONSENT_ATTRIBUTE = "PHONENUMBER", "SMS_OPT_IN"

#: The spellings of a number in a client's records.
SPELLINGS = ("plus", "national", "double_zero", "digits", "spaces", "punctuation")

#: Delivery outcomes that a test number can cause: docs/reference/test-numbers.md.
OUTCOMES = (
    "delivered after 3 s",
    "delivered after 1 h",
    "delivered after 71 h",
    "undelivered after 3 s",
    "undelivered after 1 h",
    "undelivered after 71 h",
    "expired after 72 h",
    "invalid after 3 s",
    "unknown after 72 h",
    "never",
    "delivered, reported twice",
    "delivered, reported out of order",
    "delivered, reported before the response",
    "undelivered, delivered after all",
    "opted out",
    "landline",
    "blocked",
    "queue full",
    "delivered, 1 click",
    *(f"delivered, {clicks} clicks" for clicks in range(2, 10)),
    "delivered, replies STOP",
    "delivered, clicked, replies STOP",
    "delivered, replies STOP, then START",
    "delivered, replies thanks",
    "delivered, opened",
)
