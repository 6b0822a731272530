"""A sandbox of the running simulators, and an SMTP session with its relay."""

import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from running import RunningSimulators
from stand_in import StandIn

SENDER = "bounces+1@client.example"


@dataclass
class Relay:
    """One sandbox with a relay, and a stand-in for the bridge at `bridge`."""

    simulators: RunningSimulators
    sandbox: dict[str, Any]
    bridge: StandIn

    @property
    def access(self) -> dict[str, Any]:
        """The addresses and credentials of the relay."""
        return self.sandbox["services"]["smtp"]

    def connect(self) -> smtplib.SMTP:
        """Open a session without a login."""
        host, _, port = self.access["mail_url"].removeprefix("smtp://").partition(":")
        return smtplib.SMTP(host, int(port), local_hostname="client.example", timeout=120)

    def session(self) -> smtplib.SMTP:
        """Open a session with a login."""
        session = self.connect()
        session.login(*(self.access["credentials"][name] for name in ("smtp_user", "smtp_password")))
        return session

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API of the sandbox."""
        return self.simulators.call(method, f"/sandboxes/{self.sandbox['sandbox']}{path}", body)

    def advance(self, seconds: int) -> None:
        """Advance the clock."""
        self.control("POST", "/clock/advance", {"by_ms": seconds * 1000})

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Return the lines of one kind in the history."""
        return [line for line in self.simulators.history(self.sandbox["sandbox"]) if line["kind"] == kind]

    def address(self, position: int) -> str:
        """Return the e-mail address of a customer."""
        return self.control("GET", f"/customers/C{position:07d}")["attributes"]["EMAIL"]

    def mail(self, **headers: str) -> bytes:
        """Return a message to customer 0; a header that is "" is left out."""
        url = f"<{self.bridge.url}/unsubscribe/0>"
        usual = {
            "From": "News <news@client.example>",
            "Subject": "Grüße",
            "Message-ID": "<1@client.example>",
            "List-Unsubscribe": url,
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        message = EmailMessage(policy=SMTP)
        for name, value in (usual | {key.replace("_", "-"): value for key, value in headers.items()}).items():
            if value:
                message[name] = value
        message.set_content("Hello Zoë")
        message.add_alternative("<p>Hello <b>Zo&euml;</b></p>", subtype="html")
        return message.as_bytes()

    def send(self, recipient: str, content: bytes | None = None, **options: Any) -> dict[str, tuple[int, bytes]]:
        """Send a message to one recipient in a session of its own; options are those of `sendmail`."""
        with self.session() as session:
            return session.sendmail(SENDER, [recipient], self.mail() if content is None else content, **options)
