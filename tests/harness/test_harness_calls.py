"""How many calls the judge and the load generator make for one more recipient."""

from counted_calls import assert_as_few_calls, calls_per_item
from history_builder import build_correct_run
from sendproof_harness.history.reader import parse_history
from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import judge
from sendproof_harness.load.campaign_audit import audit
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.tracking.campaign_tracker import CampaignTracker

FEW, MANY = 50, 150


def test_judge_makes_few_calls_for_a_recipient():
    def prepare(customers: int):
        lines = build_correct_run(customers).encoded()
        return lambda: judge(parse_history(lines))

    assert_as_few_calls("judge: read and judge a recipient", calls_per_item(prepare, FEW, MANY))


def test_judge_makes_few_calls_for_a_recipient_of_a_large_history(tmp_path):
    def prepare(customers: int):
        file = tmp_path / f"{customers}.ndjson"
        file.write_bytes(b"".join(build_correct_run(customers, page=customers).encoded()))
        return lambda: judge_file(file, condensed_from_bytes=0)

    assert_as_few_calls("judge: read and judge a recipient of many", calls_per_item(prepare, FEW, MANY))


def test_load_generator_makes_few_calls_for_a_recipient():
    def prepare(customers: int):
        lines = build_correct_run(customers).encoded()
        piece = b"".join(line for line in lines if b'"kind": "obligation"' not in line)
        tracker = CampaignTracker(Counts(), "textlocal", lambda *_: None)
        return lambda: (tracker.process(piece), audit(lambda: lines, Counts(), timed=True))

    assert_as_few_calls("load: count and check a message", calls_per_item(prepare, FEW, MANY))
