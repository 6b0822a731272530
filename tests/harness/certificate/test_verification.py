"""A bundle is verified from its histories alone, and each alteration is named."""

import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from sendproof_harness.certificate.bundle import HTML, MARKDOWN, STATEMENT, SUMS, BundleError, unpack, write_bundle
from sendproof_harness.certificate.completeness import incomplete
from sendproof_harness.certificate.statement import Statement
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.scenario.document import content_digest
from small_certificate import SCENARIO, WEEK, bundled, certificate_files, documents, verify, week

HISTORY = "histories/week.ndjson"


@pytest.fixture
def files(tmp_path):
    return certificate_files(tmp_path, {"week": week()})


def statement_in(files) -> Statement:
    return msgspec.json.decode(files[STATEMENT], type=Statement)


def content_of(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_untouched_bundle_has_no_problem(files, tmp_path):
    verification = verify(bundled(tmp_path / "b.zip", files))
    assert (verification.problems, verification.differences, verification.signer) == ((), (), None)
    assert verification.status == statement_in(files).status


@pytest.mark.parametrize("name", [HISTORY, STATEMENT, MARKDOWN, HTML])
def test_changed_file_is_named(files, name, tmp_path):
    path = bundled(tmp_path / "b.zip", files)
    write_bundle(path, content_of(path) | {name: files[name].replace(b"pass", b"fail").replace(b"7001", b"7002")})
    verification = verify(path)
    assert f"{name}: changed, because its digest differs from that in {SUMS}" in verification.problems
    assert verification.status == "error"


def test_missing_and_added_files_are_named(files, tmp_path):
    path = bundled(tmp_path / "b.zip", files)
    content = content_of(path) | {"added.txt": b""}
    del content[HISTORY]
    write_bundle(path, content)
    problems = verify(path).problems
    assert f"{HISTORY}: missing, although {SUMS} lists it" in problems
    assert f"added.txt: added, because {SUMS} does not list it" in problems


def test_history_with_new_digests_but_altered_line_is_named(files, tmp_path):
    """A forger who writes new digests still has to write new seals."""
    files[HISTORY] = files[HISTORY].replace(b"Hello Ana0", b"Hello Eva0", 1)
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert any(problem.startswith(f"{HISTORY}: line ") and "altered" in problem for problem in problems)


def test_history_with_new_seals_contradicts_the_statement(files, tmp_path):
    """A forger who seals another history still has to state another verdict."""
    files[HISTORY] = b"".join(week().change_delivery_to(3, text="Hello").encoded())
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert f'{STATEMENT}: R403: status is "pass", the histories say "fail"' in problems


def test_statement_that_is_no_utf_8_is_named(files, tmp_path):
    files[STATEMENT] = files[STATEMENT].replace(b'"textlocal"', b'"\xff"', 1)
    (problem, *_) = verify(bundled(tmp_path / "b.zip", files)).problems
    assert problem.startswith(f"{STATEMENT}: expected the statement of a certificate: ")


def test_embellished_statement_is_named(tmp_path):
    files = certificate_files(tmp_path, {"week": week().change_delivery_to(3, text="Hello")})
    stated = statement_in(files)
    rows = tuple(msgspec.structs.replace(row, status="pass") for row in stated.requirements)
    files |= documents(msgspec.structs.replace(stated, status="pass", requirements=rows))
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert f"{STATEMENT}: says pass, the histories say fail" in problems
    assert f'{STATEMENT}: R403: status is "pass", the histories say "fail"' in problems


def test_run_left_out_of_the_statement_is_named(tmp_path):
    files = certificate_files(tmp_path, {"week": week(), "bad": week().without("delivery")})
    files |= documents(msgspec.structs.replace(statement_in(files), runs=statement_in(files).runs[:1]))
    assert f"histories/bad.ndjson: not mentioned in {STATEMENT}" in verify(bundled(tmp_path / "b.zip", files)).problems


def test_scenario_left_out_of_the_suite_is_named(tmp_path):
    """A bridge must not be certified by the scenarios that it happens to pass."""
    files = certificate_files(tmp_path, {"easy": week()})
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert f"the suite demands a run of {WEEK}, and there is none" in problems
    assert "run easy: the suite has no scenario scheduled/easy" in problems


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("history", {"seed": 43}, "expected the seed 42, got 43"),
        ("scenario", {"name": "Easier"}, "expected a history of the scenario 'A week', got ['Easier']"),
    ],
)
def test_history_of_another_run_is_named(kind, change, problem, tmp_path):
    files = certificate_files(tmp_path, {"week": week().change(kind, lambda line: line | change)})
    assert verify(bundled(tmp_path / "b.zip", files)).problems == (f"run week: {problem}",)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"bridge": "./other"}, "the certificate is about the bridge './my-bridge', its history about './other'"),
        (
            {"scenario": content_digest(replace(SCENARIO, steps=SCENARIO.steps[:-1]))},
            f"its scenario is not {WEEK} for textlocal: other customers, steps, faults, dialects or provider",
        ),
        (
            {"scenario": ""},
            "its history does not state the content of its scenario, as those of an older Sendproof; certify again",
        ),
    ],
    ids=["bridge", "scenario", "older"],
)
def test_history_of_other_circumstances_is_named(change, problem, tmp_path):
    """An easier scenario may have the same name, seed and number of faults."""
    files = certificate_files(tmp_path, {"week": week().change("run", lambda line: line | change)})
    assert verify(bundled(tmp_path / "b.zip", files)).problems == (f"run week: {problem}",)


def test_history_without_its_circumstances_is_named(tmp_path):
    files = certificate_files(tmp_path, {"week": week().without("run")})
    (problem,) = verify(bundled(tmp_path / "b.zip", files)).problems
    assert problem == "run week: expected a history that names its bridge, got one that names none"


def test_histories_of_several_contracts_are_named(tmp_path):
    """A contract that allows more makes a run easier."""
    contracts = [{"optimove": digest * 64} for digest in "ab"]
    weeks = [week().change("history", lambda line, own=own: line | {"contracts": own}) for own in contracts]
    files = certificate_files(tmp_path, dict(zip(("week", "again"), weeks, strict=True)))
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert "the runs used 2 versions of the contract of optimove" in problems


def test_messages_without_a_scenario_are_named(files, tmp_path):
    stated = statement_in(files)
    claim = msgspec.structs.replace(stated.claim, provider="xtremepush", messages=("email", "inbox"))
    files |= documents(msgspec.structs.replace(stated, claim=claim))
    (problem, *_) = verify(bundled(tmp_path / "b.zip", files)).problems
    assert problem == "the certificate is about messages of the type inbox, and its suite has none"


def test_provider_without_a_suite_is_named(files):
    stated = statement_in(files)
    claim = msgspec.structs.replace(stated.claim, provider="nope")
    problems = incomplete(msgspec.structs.replace(stated, claim=claim), (), lambda _: {})
    assert list(problems) == ["the suite has no scenario for 'nope'"]


def test_suite_of_another_version_is_not_known(files, tmp_path):
    stated = statement_in(files)
    claim = msgspec.structs.replace(stated.claim, suite=2)
    files |= documents(msgspec.structs.replace(stated, claim=claim))
    (problem,) = verify(bundled(tmp_path / "b.zip", files)).problems
    assert problem.startswith("the suite has version 2, and this Sendproof knows version 1")


def test_document_that_shows_something_else_is_named(files, tmp_path):
    files[HTML] = files[HTML].replace(b"my-bridge", b"your-bridge")
    assert verify(bundled(tmp_path / "b.zip", files)).problems == (f"{HTML}: does not show what {STATEMENT} says",)


def test_mistake_of_the_judge_is_a_difference(files, tmp_path):
    """A planted mistake: this judge counts every recipient as lost."""
    verification = verify(
        bundled(tmp_path / "b.zip", files),
        ledger_of=lambda history: replace(
            ledger(history), recipients=tuple(replace(r, kind="lost") for r in ledger(history).recipients)
        ),
    )
    assert len(verification.differences) == 12
    assert verification.status == "error"


def test_other_file_is_no_bundle(tmp_path):
    other = tmp_path / "b.zip"
    other.write_bytes(b"no zip")
    with pytest.raises(BundleError, match="expected a bundle of sendproof certify"):
        verify(other)


def test_name_that_leaves_the_folder_is_refused(tmp_path):
    write_bundle(tmp_path / "b.zip", {"../outside": b"", SUMS: b""})
    with pytest.raises(BundleError, match=r"'\.\./outside'"):
        verify(tmp_path / "b.zip")


@pytest.mark.parametrize("name", [STATEMENT, SUMS, HTML])
def test_file_that_is_read_at_once_has_a_bound(tmp_path, name):
    """A gigabyte of zeros takes a megabyte of the bundle."""
    write_bundle(tmp_path / "b.zip", {SUMS: b"", name: bytes(16_000_001)})
    with pytest.raises(BundleError, match=f"at most 16,000,000 bytes in {name}, got 16,000,001"):
        verify(tmp_path / "b.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compression_that_needs_much_memory_is_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "b.zip", "w", method) as bundle:
        bundle.writestr(SUMS, "")
    with pytest.raises(BundleError, match="got another compression"):
        verify(tmp_path / "b.zip")


def test_list_of_digests_has_a_bound(tmp_path):
    write_bundle(tmp_path / "b.zip", {SUMS: b"\n" * 100_000})
    unpacked = unpack(tmp_path / "b.zip", tmp_path)
    assert (len(unpacked.problems), unpacked.problems[0]) == (
        2_001,
        "SHA256SUMS: expected at most 2,000 lines, got 100,000",
    )


@pytest.mark.parametrize("names", [("a", "a/b"), ("a" * 201,)], ids=["below a file", "long name"])
def test_names_that_no_folder_can_have_are_refused(tmp_path, names):
    write_bundle(tmp_path / "b.zip", dict.fromkeys(names, b""))
    with pytest.raises(BundleError, match="expected n"):
        verify(tmp_path / "b.zip")


def test_damaged_bundle_is_named_as_such(tmp_path):
    """Each byte is changed in turn: headers, names, and compressed content."""
    bundle = tmp_path / "b.zip"
    write_bundle(bundle, {SUMS: b"x" * 64 + b"  a\n", "a": bytes(range(256)) * 4})
    sound = bundle.read_bytes()
    refused = 0
    for position in range(len(sound)):
        bundle.write_bytes(sound[:position] + b"\xff" + sound[position + 1 :])
        folder = tmp_path / str(position)
        folder.mkdir()
        try:
            unpack(bundle, folder)
        except BundleError:
            refused += 1
    assert refused > len(sound) // 2


def test_bundle_replaces_only_another_one(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        write_bundle(tmp_path / "b.zip", {STATEMENT: content, SUMS: b""})
    (key := tmp_path / "id_ed25519").write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    with pytest.raises(OSError, match="expected a new name or a file with a certificate, got a file with other"):
        write_bundle(key, {SUMS: b""})
    assert key.read_bytes().startswith(b"-----BEGIN")


def test_part_of_a_bundle_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bundle(tmp_path / "b.zip", {SUMS: tmp_path / "missing"})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        (lambda run: [run, run], "got 2 runs of the name 'week'"),
        (lambda run: [run, msgspec.structs.replace(run, name="again")], "got 2 runs of the seal "),
        (lambda run: [run] * 1_001, "Expected `array` of length <= 1000 - at `$.runs`"),
    ],
    ids=["name", "history", "number"],
)
def test_run_that_is_stated_again_is_refused_unjudged(runs, problem, files, tmp_path):
    """A statement of a megabyte could demand to judge one history 50,000 times."""
    stated = statement_in(files)
    files[STATEMENT] = msgspec.json.encode(
        msgspec.structs.replace(stated, runs=tuple(runs(stated.runs[0])), requirements=())
    )
    verification = verify(bundled(tmp_path / "b.zip", files), ledger_of=lambda history: 1 / 0)
    assert verification.statement is None
    assert any(text.startswith(f"{STATEMENT}: expected ") and problem in text for text in verification.problems)


def test_statement_about_no_messages_is_refused(files, tmp_path):
    files[STATEMENT] = files[STATEMENT].replace(b'"messages":["sms"]', b'"messages":[]')
    problems = verify(bundled(tmp_path / "b.zip", files)).problems
    assert "Expected `array` of length >= 1 - at `$.claim.messages`" in problems[0]
