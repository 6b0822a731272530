"""The types of messages that a channel can carry, and what each of them needs of a customer.

The *address* of a message is what its provider sends it to. For a push notification it is the user, as the provider
knows the devices of its users: an app registers each device itself, and a website each browser. An inbox message also
goes to the user, who reads it in the app or on the website.

documented: the message types of a provider, https://docs.xtremepush.com/reference/campaign-model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import unescape
from types import MappingProxyType

from sendproof_simulators.core.messaging.mail_texts import in_one_line, mail_template, readable, shown_mail

SMS, PUSH, WEB_PUSH, INBOX, EMAIL = "sms", "push", "web_push", "inbox", "email"

_Render = Callable[[str, Mapping[str, str | None]], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageType:
    """One type of messages. `title` is its name in sentences.

    A message with `has_heading` can have a title, such as the subject of an e-mail, and one with `is_html` needs it.
    """

    name: str
    title: str
    has_heading: bool
    is_html: bool = False


#: All types by name.
MESSAGE_TYPES: Mapping[str, MessageType] = MappingProxyType(
    {
        SMS: MessageType(name=SMS, title="SMS", has_heading=False),
        PUSH: MessageType(name=PUSH, title="push notification", has_heading=True),
        WEB_PUSH: MessageType(name=WEB_PUSH, title="web push notification", has_heading=True),
        INBOX: MessageType(name=INBOX, title="inbox message", has_heading=True),
        EMAIL: MessageType(name=EMAIL, title="e-mail", has_heading=True, is_html=True),
    }
)


def whole_text(heading: str, text: str) -> str:
    """Return a message as its recipient reads it: the heading, if there is one, and the text below it."""
    return f"{heading}\n{text}" if heading else text


def whole_mail(subject: str, html_text: str) -> str:
    """Return an e-mail as its recipient reads it: the subject in one line, and what a mail client shows of the HTML."""
    return whole_text(" ".join(subject.split()), readable(html_text))


def shown_text(message: str, text: str) -> str:
    """Return a whole text, with its values, as recipients of this type see it: a title without text takes no line."""
    return text if message == SMS else text.lstrip("\n")


def expected_text(
    message: str, render: _Render, whole_body: str, values: Mapping[str, str | None], *, as_html: bool = False
) -> str:
    """Return the message of a template to one customer, as it must arrive. `render` is the provider's.

    In HTML, a value stands for itself: a customer called `A&amp;B` reads this name. So the values can be filled into
    what a reader sees of the template, and the HTML is read only once. With `as_html`, values are HTML: the reader sees
    `A&B`.
    """
    if not MESSAGE_TYPES[message].is_html:
        return shown_text(message, render(whole_body, values))
    subject, _, html_text = whole_body.partition("\n")
    read = unescape if as_html else str
    in_html = {name: None if value is None else in_one_line(read(value)) for name, value in values.items()}
    text = shown_mail(render(mail_template(html_text), in_html))
    return whole_text(" ".join(render(subject, values).split()), text)
