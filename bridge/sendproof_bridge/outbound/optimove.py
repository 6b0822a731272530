"""The client of Optimove's channel-integration API: only what the bridge uses.

Paths, names and limits: openapi/optimove.yaml tells where each is from. Values are checked as they come in, because
what a live service answers is not promised anywhere: names of members in any case, attributes as a list or as one
joined string.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sendproof_bridge.clock import Instant, parse_time, sql_time
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.errors import RefusedError, UnknownOutcomeError
from sendproof_bridge.outbound.http import Answer, Wire, check_status

CAMPAIGN_PROCESSED = 1
CAMPAIGN_CANCELLED = 4
CAMPAIGN_ON_HOLD = 5
TRIGGER_MET = 11
CAMPAIGN_EXECUTED_ON_CHANNEL = 13

TEMPLATES_PER_CALL = 100
METRICS_PER_CALL = 100
INTERACTIONS_PER_CALL = 10_000
STATUSES_PER_CALL = 10_000
PREFERENCES_PER_CALL = 50_000
# documented: 1,000 in the reference, 10,000 in the guide; the smaller number fits both
CUSTOMERS_PER_UPDATE = 1_000
PAGE = 10_000

_NOT_FOUND = 404
# observed: the joined-string form uses a comma unless told otherwise (github larvit/optimove_mocker)
_JOINED_BY = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One row of a campaign's send details. `attributes` by name; `at` is when to send."""

    customer: str
    template: int
    at: Instant
    attributes: Mapping[str, str | None]


class Optimove:
    """One client's account. Every call first takes its place in the rate limit."""

    def __init__(self, url: str, key: Secret, wire: Wire, take: Callable[[], None]) -> None:
        """`url` with or without `/current` and a trailing slash: vendors are given both forms."""
        base = url.rstrip("/")
        self._base = base if base.lower().endswith("/current") else f"{base}/current"
        self._key = key
        self._wire = wire
        self._take = take

    def register_listener(self, event_type: int, url: str, channel: int | None) -> None:
        """Have events of this type posted to `url`; again at each start, which replaces the address."""
        body: dict[str, object] = {"EventTypeID": event_type, "ListenerURL": url}
        if channel is not None:
            body["ChannelID"] = channel
        self._post("general/RegisterEventListener", body)

    def channel_templates(self, channel: int) -> dict[int, str]:
        """The templates that Optimove knows of: names by id."""
        answer = self._answer("GET", "integrations/GetChannelTemplates", query={"ChannelID": str(channel)})
        # One that is not known at all will be refused when templates are added.
        if answer.status == _NOT_FOUND:
            return {}
        rows = _rows(check_status(answer))
        return {_integer(row, "TemplateID"): str(_member(row, "TemplateName")) for row in rows}

    def add_templates(self, channel: int, names: Mapping[int, str]) -> None:
        """Add templates or rename them: at most `TEMPLATES_PER_CALL`."""
        body = [{"TemplateID": template, "TemplateName": name} for template, name in names.items()]
        self._post("integrations/AddChannelTemplates", body, {"ChannelID": str(channel)})

    def delete_templates(self, channel: int, templates: Sequence[int]) -> None:
        """Delete templates: at most `TEMPLATES_PER_CALL`."""
        body = [{"ChannelID": channel, "TemplateID": template} for template in templates]
        self._post("integrations/DeleteChannelTemplates", body)

    def send_details(self, channel: int, campaign: str, names: Sequence[str], skip: int) -> list[Recipient]:
        """One page of who is to be sent what, and when. Past the end it is empty."""
        query = {
            "ChannelID": str(channel),
            "CampaignID": campaign,
            "CustomerAttributes": ";".join(names),
            "$top": str(PAGE),
            "$skip": str(skip),
        }
        answer = self._answer("GET", "customers/GetCustomerSendDetailsByChannel", query=query)
        # Past the end an empty list is observed; that other services of its kind answer so cannot be excluded.
        if skip and answer.status == _NOT_FOUND:
            return []
        return [_recipient(row, names) for row in _rows(check_status(answer))]

    def campaign_templates(self, channel: int, campaign: str) -> set[int]:
        """The templates that a campaign uses on a channel; none when the service does not say."""
        query = {"CampaignID": campaign, "ChannelID": str(channel)}
        answer = self._answer("GET", "actions/GetExecutedCampaignChannelDetails", query=query)
        if answer.status == _NOT_FOUND:
            return set()
        return {_integer(row, "TemplateID") for row in _rows(check_status(answer))}

    def attributes(self, customer: str) -> dict[str, str | None]:
        """What the key may see of one customer: values by name."""
        answer = self._get(f"customers/{quote(customer, safe='')}/Attributes", {})
        rows = _rows(answer)
        values = {str(_member(row, "RealFieldName")): row.get("value") for row in rows}
        return {name: None if value is None else str(value) for name, value in values.items()}

    def waiting_customers(self, campaign: str, skip: int) -> list[str]:
        """One page of the customers of a campaign that waits for clearance. Past the end it is empty."""
        query = {"CampaignID": campaign, "$top": str(PAGE), "$skip": str(skip)}
        answer = self._answer("GET", "customers/GetProcessedCampaignCustomers", query=query)
        if skip and answer.status == _NOT_FOUND:
            return []
        return [str(_member(row, "CustomerID")) for row in _rows(check_status(answer))]

    def update_promotion_status(self, campaign: str, statuses: Mapping[str, bool], now: Instant) -> None:
        """Say who may be sent to: at most `STATUSES_PER_CALL`. Repeating it changes nothing."""
        updated = [{"CustomerID": customer, "Status": status} for customer, status in statuses.items()]
        body = {"TimeStamp": sql_time(now), "CampaignID": int(campaign), "PromosUpdated": updated}
        self._post("integrations/UpdateCustomerPromotionStatus", body)

    def set_channel_preference(self, channel: int, customers: Sequence[str], mode: int) -> None:
        """Say how customers may be reached: at most `PREFERENCES_PER_CALL`. Repeating it changes nothing."""
        body = {"ChannelID": channel, "CustomerIDs": list(customers), "CommunicationMode": mode, "AppID": None}
        self._post("integrations/SetCustomerChannelPreference", body)

    def update_attribute(self, name: str, value: str, customers: Sequence[str]) -> None:
        """Give customers one value: at most `CUSTOMERS_PER_UPDATE`. Repeating it changes nothing."""
        given = [{"RealFieldName": name, "Value": value}]
        values = [{"CustomerID": customer, "Attributes": given} for customer in customers]
        self._post("customers/UpdateCustomerAttributes", {"CustomerNewAttributesValuesList": values})

    def update_metrics(self, items: Sequence[Mapping[str, object]]) -> None:
        """Report totals: at most `METRICS_PER_CALL`. Repeating them changes nothing."""
        self._post("integrations/UpdateCampaignMetrics", list(items))

    def update_interactions(self, report: Mapping[str, object]) -> None:
        """Report which customers of a template had an event: at most `INTERACTIONS_PER_CALL`."""
        self._post("integrations/UpdateCampaignInteractions", dict(report))

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        return check_status(self._answer("GET", path, query=query))

    def _post(self, path: str, body: object, query: Mapping[str, str] | None = None) -> None:
        answer = check_status(self._answer("POST", path, query=query, body=body))
        # documented: no payload; observed: an object with ResponseCode
        said = answer.json() if answer.body.strip() else None
        if isinstance(said, str):
            raise _bare(answer, said)
        if said is not None and not isinstance(said, dict):
            raise UnknownOutcomeError(f"{answer.what}: expected nothing or an object, got {type(said).__name__}")

    def _answer(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Answer:
        self._take()
        headers = {"X-API-KEY": self._key.reveal(), "Accept": "application/json"}
        what = f"Optimove {path.rpartition('/')[2]}"
        return self._wire.call(what, method, f"{self._base}/{path}", query=query, headers=headers, body=body)


def _bare(answer: Answer, said: str) -> RefusedError:
    """observed: some failures come as 200 with a bare JSON string."""
    return RefusedError(f"{answer.what}: answered with {said[:200]!r}")


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """The list of objects that an answer holds, names of members in lower case."""
    # Nothing to list may also be no content.
    data = answer.json() if answer.body.strip() else []
    if isinstance(data, str):
        raise _bare(answer, data)
    if not isinstance(data, list):
        raise UnknownOutcomeError(f"{answer.what}: expected a list, got {type(data).__name__}")
    rows = []
    for row in data:
        if not isinstance(row, dict):
            raise UnknownOutcomeError(f"{answer.what}: expected a list of objects, got one with {type(row).__name__}")
        rows.append({name.lower(): value for name, value in row.items()})
    return rows


def _member(row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name.lower())
    if value is None:
        raise RefusedError(f"Optimove: expected {name} in every row, got one with {sorted(row)} only")
    return value


def _integer(row: Mapping[str, Any], name: str) -> int:
    value = _member(row, name)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"Optimove: expected a whole number as {name}, got {value!r}") from error


def _recipient(row: Mapping[str, Any], names: Sequence[str]) -> Recipient:
    try:
        at = parse_time(str(_member(row, "ScheduledTime")))
    except ValueError as error:
        raise RefusedError(f"Optimove: ScheduledTime: {error}") from error
    return Recipient(
        customer=str(_member(row, "CustomerID")),
        template=_integer(row, "TemplateID"),
        at=at,
        attributes=dict(zip(names, _values(row, len(names)), strict=True)),
    )


def _values(row: Mapping[str, Any], wanted: int) -> list[str | None]:
    values = row.get("customerattributes", row.get("customerattribute"))
    if isinstance(values, str):
        values = values.split(_JOINED_BY)
    if not isinstance(values, list) or len(values) != wanted:
        got = f"{len(values)}" if isinstance(values, list) else "none"
        raise RefusedError(f"Optimove: expected {wanted} CustomerAttributes in every row, got {got}")
    return [None if value is None else str(value) for value in values]
