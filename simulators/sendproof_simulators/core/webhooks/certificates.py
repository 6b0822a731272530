"""The defects of a listener's certificate: a client only reports the first one, and that is often the least telling."""

import asyncio
import ssl

from yarl import URL


async def certificate_defect(url: str, seconds: float) -> str | None:
    """Return why a client refuses this server's certificate although it trusts its issuer; None if it accepts it.

    An expired certificate of an unknown issuer, for example, is first reported as self-signed.
    """
    address = URL(url)
    host, port = str(address.host), int(address.port or 443)
    try:
        async with asyncio.timeout(seconds):
            certificate = await _server_certificate(host, port)
            await _connect(host, port, _trusting(certificate))
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):
        return None
    return None


async def _server_certificate(host: str, port: int) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    encoded = await _connect(host, port, context)
    return ssl.DER_cert_to_PEM_cert(encoded or b"")


def _trusting(certificate: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


async def _connect(host: str, port: int, context: ssl.SSLContext) -> bytes | None:
    """Connect and disconnect; return the certificate of the server in DER."""
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        tls = writer.get_extra_info("ssl_object")
        return None if tls is None else tls.getpeercert(binary_form=True)
    finally:
        writer.close()
