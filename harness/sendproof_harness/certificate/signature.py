"""Signatures of a bundle, made and checked by `ssh-keygen` of OpenSSH 8.1 or newer.

Everyone who signs has such a key, also in an agent or a hardware token, and Sendproof handles no secret. The signature
has the format of OpenSSH (SSHSIG), so it can be checked without Sendproof:

    ssh-keygen -Y verify -f SIGNERS -I NAME -n sendproof-certificate -s SHA256SUMS.sig < SHA256SUMS
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = "ssh-keygen"
_PURPOSE = "sendproof-certificate"


class SignatureError(ValueError):
    """A signature could not be made, or is wrong; the message has the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed: the fingerprint of the key, and the name in the file of allowed signers; empty without that file."""

    key: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.key}" if self.name else f"{self.key}, whose owner was not checked (use --signers)"


def sign(content: bytes, key: Path) -> bytes:
    """Return the signature of a content with a private key, or with the agent's key of a public one."""
    _check_file("--key", key)
    return _run(["-Y", "sign", "-n", _PURPOSE, "-f", str(key)], content, f"--key: {key} cannot sign")


def signer_of(content: bytes, signature: Path, signers: Path | None) -> Signer:
    """Return who signed a content; `SignatureError` if the signature is not of it, or not by an allowed signer."""
    place = ["-n", _PURPOSE, "-s", str(signature)]
    output = _run(["-Y", "check-novalidate", *place], content, "the signature does not belong to this bundle")
    key = output.decode("utf-8", "replace").strip().rpartition(" with ")[2] or "an unnamed key"
    if signers is None:
        return Signer(key=key)
    _check_file("--signers", signers)
    allowed = ["-f", str(signers), "-s", str(signature)]
    unknown = f"--signers: {signers} does not allow the key {key}"
    names = _run(["-Y", "find-principals", *allowed], content, unknown).decode("utf-8", "replace").split()
    name = next(iter(names), "")
    _run(["-Y", "verify", "-f", str(signers), "-I", name, *place], content, unknown)
    return Signer(key=key, name=name)


def _check_file(option: str, path: Path) -> None:
    """Raise `SignatureError` for a pipe or a device, which ssh-keygen would wait for."""
    if path.exists() and not path.is_file():
        raise SignatureError(f"{option}: expected a file, got {path}, which is a folder, a pipe or a device")


def _run(arguments: list[str], content: bytes, failure: str) -> bytes:
    try:
        done = subprocess.run([_PROGRAM, *arguments], input=content, capture_output=True, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise SignatureError(f"{failure}: {_PROGRAM} is not installed; install OpenSSH 8.1 or newer") from error
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SignatureError(f"{failure}: {''.join(reason) or _PROGRAM + ' gave no reason'}")
    return done.stdout
