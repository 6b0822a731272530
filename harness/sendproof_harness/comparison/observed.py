"""What a bridge did in a run, as far as two bridges must agree on it: messages, statements and calls.

The rest is left out, because the contracts leave it open: the size and order of batches and pages, the number of
requests, and their times.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sendproof_harness.comparison.reports import report_statements
from sendproof_harness.comparison.topic import Titles, Topic
from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.observation import times_are_meaningful

_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class SentMessage:
    """One message that a provider accepted and that went out, with its final `status`; empty without one."""

    send_at: int
    number: str
    text: str
    status: str = ""
    message_type: str = SMS


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The messages by customer, and the value of each statement and call.

    A message to a number of no customer is under the number. `timed` is False if send times have no meaning.
    `customers` are all whom the run was about.
    """

    messages: Mapping[str, tuple[SentMessage, ...]] = field(default_factory=dict)
    values: Mapping[Topic, str] = field(default_factory=dict)
    customers: frozenset[str] = frozenset()
    timed: bool = True

    @property
    def message_count(self) -> int:
        """The number of messages."""
        return sum(map(len, self.messages.values()))

    def with_values(self, change: Callable[[Topic], Topic | None]) -> "Observed":
        """Return it with other topics; those that become None are left out."""
        changed = ((change(topic), value) for topic, value in self.values.items())
        return replace(self, values={topic: value for topic, value in changed if topic is not None})

    def with_messages(self, change: Callable[[SentMessage], SentMessage | None]) -> "Observed":
        """Return it with other messages; those that become None are left out."""
        messages = {
            customer: tuple(sorted(new for message in own if (new := change(message)) is not None))
            for customer, own in self.messages.items()
        }
        return replace(self, messages={customer: own for customer, own in messages.items() if own})

    def of_customers(self, customers: frozenset[str]) -> "Observed":
        """Return it without the other customers of the run, and without the statements about them."""
        others = self.customers - customers
        kept = self.with_values(lambda topic: None if topic.customer in others else topic)
        messages = {name: own for name, own in self.messages.items() if name not in others}
        return replace(kept, messages=messages, customers=customers)


def observe(history: History) -> Observed:
    """Return what the bridge did in a run. The history must not be condensed."""
    names = _names_of_numbers(history)
    return Observed(
        messages=_messages(history, names),
        values={
            **report_statements(history, names, Titles(history)),
            **_listed(history),
            **_consents(history),
            **_clearances(history),
            **_calls(history),
        },
        customers=frozenset(obligation.customer for obligation in history.obligations),
        timed=times_are_meaningful(history),
    )


# -- messages ---------------------------------------------------------------------------------------


def _messages(history: History, names: Mapping[str, str]) -> dict[str, tuple[SentMessage, ...]]:
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in history.withdrawals}
    statuses = {(status.service, status.message): status.status for status in history.delivery_statuses}
    messages: defaultdict[str, list[SentMessage]] = defaultdict(list)
    for delivery in history.deliveries:
        key = delivery.service, delivery.message
        if not delivery.test and key not in withdrawn:
            name = names.get(delivery.number, f"the number {delivery.number}")
            status = statuses.get(key, "")
            message = SentMessage(
                send_at=delivery.send_at,
                number=delivery.number,
                text=delivery.text,
                status=status,
                message_type=delivery.message_type,
            )
            messages[name].append(message)
    return {name: tuple(sorted(own)) for name, own in messages.items()}


def _names_of_numbers(history: History) -> Mapping[str, str]:
    """Return the customer of each number, or the customers who share it."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for obligation in history.obligations:
        numbers = (obligation.number, *(alternative.number for alternative in obligation.alternatives))
        for number in filter(None, numbers):
            owners[number].add(obligation.customer)
    return {number: " or ".join(sorted(customers)) for number, customers in owners.items()}


# -- statements -------------------------------------------------------------------------------------


def _listed(history: History) -> dict[Topic, str]:
    """Return what Optimove lists at the end: templates, listeners and apps."""
    names: dict[tuple[int, str], str] = {}
    for change in history.channel_templates:
        for template in change.templates:
            if change.action == "deleted":
                names.pop((change.channel, str(template.id)), None)
            elif template.name is not None:
                names[change.channel, str(template.id)] = template.name
    listeners = {(listener.event_type, listener.channel): listener.action for listener in history.listeners}
    apps = {(apps.channel, app.get("id", "")): apps.action for apps in history.channel_apps for app in apps.apps}
    return {
        **{
            Topic(area="statement", kind="template", template=name, channel=channel): "listed"
            for (channel, _), name in names.items()
        },
        **{
            Topic(area="statement", kind="listener for event", name=str(event), channel=channel or 0): action
            for (event, channel), action in listeners.items()
        },
        **{
            Topic(area="statement", kind="app", name=app, channel=channel): action
            for (channel, app), action in apps.items()
        },
    }


def _consents(history: History) -> dict[Topic, str]:
    """Return the last preference and the last attribute value that the bridge wrote for each customer."""
    preferences = {
        Topic(area="statement", kind="preference", channel=change.channel, customer=customer): (
            "opted out" if change.opted_out else "opted in"
        )
        for change in history.preferences
        if change.source == "api"
        for customer in change.customers
    }
    attributes = {
        Topic(area="statement", kind="attribute", name=change.field, customer=change.customer): str(change.value)
        for update in history.attributes
        if update.source == "api"
        for change in update.changes
    }
    return {**preferences, **attributes}


def _clearances(history: History) -> dict[Topic, str]:
    return {
        Topic(area="statement", kind="clearance", campaign=clearance.campaign): f"{clearance.cleared:,} cleared"
        for clearance in history.clearances
        if clearance.action == "given"
    }


# -- calls ------------------------------------------------------------------------------------------


def _calls(history: History) -> dict[Topic, str]:
    calls: dict[Topic, str] = {}
    for request in history.requests:
        if request.fault is not None:
            continue
        operation = f"{request.service}.{request.operation or request.method + ' ' + request.path}"
        calls[Topic(area="call", kind="operation", name=operation)] = "called"
        if request.status >= _SUCCESS.stop:
            calls[Topic(area="call", kind="refusal", name=f"{operation}: {request.status}")] = "refused"
        for violation in request.violations:
            rule = f"{operation}: {violation.pointer or violation.where}: {violation.rule}"
            calls[Topic(area="call", kind="violation", name=rule)] = "violated"
    return {**calls, **_answers(history)}


def _answers(history: History) -> dict[Topic, str]:
    """Return if each webhook was acknowledged in the end, by event."""
    last: dict[tuple[str, str, str, int], bool] = {}
    for webhook in history.webhooks:
        if not webhook.dropped and webhook.fault is None:
            key = webhook.service, webhook.event, webhook.key, webhook.resend
            last[key] = webhook.status is not None and webhook.status in _SUCCESS
    answers: dict[Topic, str] = {}
    for (service, event, _, _), is_acknowledged in last.items():
        topic = Topic(area="call", kind="webhook", name=f"{service}.{event}")
        if not is_acknowledged:
            answers[topic] = "not always acknowledged"
        answers.setdefault(topic, "acknowledged")
    return answers
