"""Bundles are deterministic, and their content can be checked and signed with ordinary tools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sendproof_harness.certificate.bundle import BundleError
from sendproof_harness.certificate.signature import SignatureError, sign
from small_certificate import bundled, certificate_files, verify, week

needs_openssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@pytest.fixture
def files(tmp_path):
    return certificate_files(tmp_path, {"week": week()})


def new_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    return path


def allowed(path: Path, name: str, key: Path) -> Path:
    path.write_text(f"{name} {key.with_suffix('.pub').read_text()}")
    return path


def test_same_content_gives_the_same_bytes(files, tmp_path):
    first, second = bundled(tmp_path / "1.zip", files), bundled(tmp_path / "2.zip", dict(reversed(files.items())))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sums_have_the_format_of_sha256sum(files, tmp_path):
    path = bundled(tmp_path / "b.zip", files)
    shutil.unpack_archive(path, tmp_path / "b")
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "b", check=False)
    assert done.returncode == 0


@needs_openssh
def test_signer_is_named(files, tmp_path):
    key = new_key(tmp_path / "key")
    path = bundled(tmp_path / "b.zip", files, key)
    signers = allowed(tmp_path / "signers", "vendor@example.com", key)
    verification = verify(path, signers)
    assert verification.problems == ()
    assert str(verification.signer).startswith("vendor@example.com, ED25519 key SHA256:")


@needs_openssh
def test_key_of_an_unknown_owner_is_named_as_such(files, tmp_path):
    path = bundled(tmp_path / "b.zip", files, new_key(tmp_path / "key"))
    assert str(verify(path).signer).endswith("whose owner was not checked (use --signers)")


@needs_openssh
def test_signature_of_someone_else_is_a_problem(files, tmp_path):
    path = bundled(tmp_path / "b.zip", files, new_key(tmp_path / "key"))
    signers = allowed(tmp_path / "signers", "vendor@example.com", new_key(tmp_path / "other"))
    (problem,) = verify(path, signers).problems
    assert problem.startswith(f"SHA256SUMS.sig: --signers: {signers} does not allow the key ED25519 key SHA256:")


@needs_openssh
def test_signature_of_another_content_is_a_problem(files, tmp_path):
    """A forger who changes a file and writes new digests cannot keep the signature."""
    signature = sign(b"another content", new_key(tmp_path / "key"))
    (problem,) = verify(bundled(tmp_path / "b.zip", files, signature=signature)).problems
    assert problem.startswith("SHA256SUMS.sig: the signature does not belong to this bundle")


def test_demanded_signature_is_a_problem_if_it_is_missing(files, tmp_path):
    verification = verify(bundled(tmp_path / "b.zip", files), tmp_path / "signers")
    assert verification.problems == ("SHA256SUMS.sig: missing, although --signers demands a signature",)


@needs_openssh
def test_file_that_is_no_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("no key")
    with pytest.raises(SignatureError, match=r"--key: .* cannot sign"):
        sign(b"content", tmp_path / "key")


def test_pipe_is_no_bundle(tmp_path):
    """Reading it would wait for a writer."""
    os.mkfifo(tmp_path / "b.zip")
    with pytest.raises(BundleError, match="got a folder, a pipe or a device"):
        verify(tmp_path / "b.zip", None)


def test_pipe_is_no_key(tmp_path):
    os.mkfifo(tmp_path / "key")
    with pytest.raises(SignatureError, match=r"--key: expected a file, got .*, which is a folder, a pipe or a device"):
        sign(b"content", tmp_path / "key")
