"""What the simulators know, as far as a scenario can be wrong about it; tests hold these lists against theirs."""

# What Optimove's simulator knows of a customer; a text can only be filled in with these.
ATTRIBUTES = (
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

# What a number can decide about the messages to it: docs/reference/numbers.md.
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
    "delivered, told twice",
    "delivered, told out of order",
    "delivered, told before the reply",
    "undelivered, delivered after all",
    "opted out",
    "landline",
    "blocked",
    "queue full",
    "delivered, 1 click",
    *(f"delivered, {clicks} clicks" for clicks in range(2, 10)),
    "delivered, replies STOP",
    "delivered, clicked, replies STOP",
)
