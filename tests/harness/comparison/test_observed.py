"""What a bridge did in a run, as far as two bridges must agree on it."""

from sendproof_harness.comparison.observed import observe
from sendproof_harness.comparison.topic import Topic
from sendproof_harness.history.timestamps import iso


def statement(kind: str, **fields: object) -> Topic:
    return Topic(area="statement", kind=kind, **fields)


def test_messages_belong_to_the_customer_with_their_number(correct_run):
    observed = observe(correct_run.history())
    (message,) = observed.messages["C0000003"]
    assert (message.text, message.number, message.status) == ("Hello Dan3, welcome.", "447100000003", "delivered")
    assert len(observed.customers) == 12


def test_message_to_a_number_of_no_customer_is_under_its_number(correct_run):
    history = correct_run.change_delivery_to(3, number="447999999999").history()
    assert "the number 447999999999" in observe(history).messages


def test_withdrawn_message_did_not_go_out(correct_run):
    delivery = correct_run.delivery_to(3)
    withdrawal = {name: delivery[name] for name in ("n", "at", "real", "service", "message")}
    history = correct_run.plus({**withdrawal, "kind": "withdrawal"}).history()
    assert "C0000003" not in observe(history).messages


def test_totals_that_depend_on_delivery_statuses_are_compared_with_the_provider(correct_run):
    """The provider draws statuses from the ids of messages, which depend on the batches."""
    values = observe(correct_run.history()).values
    assert values[statement("total of", name="delivered")] == "as at the provider"
    assert values[statement("total of", name="sent", campaign=7001, channel=505, template="Welcome")] == "4"


def test_total_beyond_what_the_provider_delivered_is_named(correct_run):
    def more(line):
        items = [{**item, "MetricValue": item["MetricValue"] + (item["MetricID"] == 1)} for item in line["items"]]
        return {**line, "items": items}

    values = observe(correct_run.change("metrics", more).history()).values
    assert values[statement("total of", name="delivered")] == "+3 against the provider"


def test_reported_status_is_compared_with_the_status_at_the_provider(correct_run):
    report = {
        "n": 1, "at": iso(0), "real": 0.0, "kind": "interactions", "campaign": 7001, "channel": 505, "template": 11,
        "event_id": 9, "customers": ["C0000003"],
    }  # fmt: skip
    values = observe(correct_run.plus(report).history()).values
    of_customer = statement("interaction", name="delivery status", customer="C0000003")
    assert values[of_customer] == "bounced reported, delivered at the provider"


def test_number_and_times_of_calls_are_left_out(correct_run):
    """The contracts leave open how often a bridge calls, and when."""
    calls = {topic: value for topic, value in observe(correct_run.history()).values.items() if topic.area == "call"}
    later = correct_run.change("request", lambda line: {**line, "at": iso(0)})
    twice = later.plus(*later.lines_of("request"))
    assert {s: v for s, v in observe(twice.history()).values.items() if s.area == "call"} == calls


def test_refused_call_is_a_call_of_its_own(correct_run):
    (first, *_) = correct_run.lines_of("request")
    values = observe(correct_run.plus({**first, "status": 400}).history()).values
    name = f"{first['service']}.{first['operation']}: 400"
    assert values[Topic(area="call", kind="refusal", name=name)] == "refused"
