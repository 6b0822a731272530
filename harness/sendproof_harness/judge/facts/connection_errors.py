"""The reason why no webhook reached a listener, from the error of the attempt: what is wrong, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from sendproof_harness.judge.findings import Blame


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionProblem:
    """Why an attempt got no response, who has to act, and how. `marks` are parts of the error by which it is known."""

    cause: str
    remedy: str
    marks: tuple[str, ...]
    blame: Blame = "config"


#: The cause if nothing is announced, because the bridge has registered no listener.
NO_LISTENER = "no listener is registered for the channel of a campaign"
#: The cause if nothing listens at the registered address.
NO_SERVER = "no server responds at the given address"

_OWN_CA = "listen with http in the sandbox, or start Sendproof with SSL_CERT_FILE set to the certificate of your CA"

# In this order: the texts of TLS errors contain the general text of a failed connection, too.
_PROBLEMS: tuple[ConnectionProblem, ...] = (
    ConnectionProblem(
        cause="the listener's TLS certificate has expired",
        remedy="renew the certificate, or listen with http in the sandbox",
        marks=("certificate has expired",),
    ),
    ConnectionProblem(
        cause="the listener's TLS certificate is for another host name",
        remedy="register the host name of the certificate, or add the host of `listen` to its names",
        marks=("Hostname mismatch", "IP address mismatch", "certificate is not valid for"),
    ),
    ConnectionProblem(
        cause="the listener's TLS certificate is self-signed, so a client does not trust it",
        remedy=_OWN_CA,
        marks=("self-signed certificate", "self signed certificate"),
    ),
    ConnectionProblem(
        cause="the listener's TLS certificate is from an authority that a client does not trust",
        remedy=f"send the intermediate certificates with it; {_OWN_CA}",
        marks=("CERTIFICATE_VERIFY_FAILED",),
    ),
    ConnectionProblem(
        cause="the listener is registered with https, but its server does not speak TLS",
        remedy="register the URL with http, or turn on TLS in the bridge",
        marks=("WRONG_VERSION_NUMBER", "record layer failure", "HTTP_REQUEST"),
    ),
    ConnectionProblem(
        cause="the TLS connection to the listener failed",
        remedy="check the TLS settings of the bridge: it must support TLS 1.2 or later",
        marks=("[SSL", "ssl:True", "ConnectorSSLError"),
    ),
    ConnectionProblem(
        cause="the host name of the registered address does not exist",
        remedy="register the `listen` address of the handover file, or a name that this machine can resolve",
        marks=("Name or service not known", "nodename nor servname", "getaddrinfo", "name resolution", "DNSError"),
    ),
    ConnectionProblem(
        cause="the registered address is on another machine",
        remedy="register the `listen` address of the handover file; for a bridge elsewhere, use --bridge with its URL",
        marks=("expected a host on this machine",),
    ),
    ConnectionProblem(
        cause=NO_SERVER,
        remedy="register the address at which the bridge listens: host and port of `listen` in the handover file",
        marks=("Cannot connect to host", "Connect call failed", "Connection refused"),
    ),
)


def connection_problem(error: str | None) -> ConnectionProblem | None:
    """Return the problem that an error shows; None if the connection was made, or nothing is known about the error."""
    return None if error is None else next(_matching(error), None)


def _matching(error: str) -> Iterator[ConnectionProblem]:
    text = error.lower()
    return (problem for problem in _PROBLEMS if any(mark.lower() in text for mark in problem.marks))
