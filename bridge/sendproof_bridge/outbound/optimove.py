"""Client of Optimove's channel-integration API: only the calls that the bridge needs.

openapi/optimove.yaml has the source of every path, name and limit. Values are checked when they arrive, because no
document guarantees the form of live responses: names in any case, attributes as a list or as one joined string.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from sendproof_bridge.clock import Instant, parse_time, sql_time
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.json_body import decode_form, lowercase_keys
from sendproof_bridge.outbound.errors import OutcomeUnknownError, RejectedError, UnauthorizedError
from sendproof_bridge.outbound.http import HttpClient, Response, check_status
from sendproof_bridge.outbound.response_values import WholeNumber, whole_number

CAMPAIGN_PROCESSED = 1
CAMPAIGN_CANCELLED = 4
CAMPAIGN_ON_HOLD = 5
TRIGGER_MET = 11
CAMPAIGN_EXECUTED_ON_CHANNEL = 13

TEMPLATES_PER_CALL = 100
APPS_PER_CALL = 100
METRICS_PER_CALL = 100
INTERACTIONS_PER_CALL = 10_000
STATUSES_PER_CALL = 10_000
PREFERENCES_PER_CALL = 50_000
# documented: 1,000 in the reference, 10,000 in the guide; the smaller number satisfies both
CUSTOMERS_PER_UPDATE = 1_000
PAGE_SIZE = 10_000

_NOT_FOUND = 404
# observed: the joined-string form uses a comma by default (github larvit/optimove_mocker)
_ATTRIBUTE_SEPARATOR = ","
_MAX_SHOWN_CHARS = 200

logger = logging.getLogger(__name__)


class Recipient(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a campaign's send details. `attributes` maps names to values, and `app` is the app to send from.

    `is_ambiguous` means that the values are unknown: a joined text does not tell where one ends.
    """

    customer: str
    template: int
    send_at: Instant
    attributes: Mapping[str, str | None]
    app: str | None = None
    is_ambiguous: bool = False


class _SendDetails(
    msgspec.Struct,
    forbid_unknown_fields=True,
    gc=False,
    rename={
        "customer": "CustomerID",
        "template": "TemplateID",
        "time": "ScheduledTime",
        "attributes": "CustomerAttributes",
        "app": "AppID",
    },
):
    """A row of send details in the documented form."""

    customer: str
    template: WholeNumber
    time: str
    attributes: list[str | None] = msgspec.field(default_factory=list)
    app: str | None = None


_DOCUMENTED_PAGE = msgspec.json.Decoder(list[_SendDetails])


class OptimoveClient:
    """The account of one client. Every call is first counted against the rate limit."""

    def __init__(self, url: str, key: Secret, http: HttpClient, acquire_call: Callable[[], None]) -> None:
        """`url` may end with `/current` and a slash: vendors are given both forms.

        `acquire_call` raises `RateLimitedError` if the limit allows no call now.
        """
        base = url.rstrip("/")
        self._base = base if base.lower().endswith("/current") else f"{base}/current"
        self._key = key
        self._http = http
        self._acquire_call = acquire_call

    def register_listener(self, event_type: int, url: str, channel: int | None) -> None:
        """Have events of this type posted to `url`. Registering again replaces the URL."""
        body: dict[str, object] = {"EventTypeID": event_type, "ListenerURL": url}
        if channel is not None:
            body["ChannelID"] = channel
        self._post("general/RegisterEventListener", body)

    def channel_templates(self, channel: int) -> dict[int, str]:
        """Return the names of the channel's templates in Optimove, by id."""
        response = self._request("GET", "integrations/GetChannelTemplates", query={"ChannelID": str(channel)})
        # If the channel itself is unknown, adding templates fails.
        if response.status == _NOT_FOUND:
            return {}
        rows = _rows(check_status(response))
        return {_integer(row, "TemplateID"): str(_required(row, "TemplateName")) for row in rows}

    def add_templates(self, channel: int, names: Mapping[int, str]) -> None:
        """Add or rename at most `TEMPLATES_PER_CALL` templates."""
        body = [{"TemplateID": template, "TemplateName": name} for template, name in names.items()]
        self._post("integrations/AddChannelTemplates", body, {"ChannelID": str(channel)})

    def delete_templates(self, channel: int, templates: Sequence[int]) -> None:
        """Delete at most `TEMPLATES_PER_CALL` templates."""
        body = [{"ChannelID": channel, "TemplateID": template} for template in templates]
        self._post("integrations/DeleteChannelTemplates", body)

    def add_apps(self, channel: int, names: Mapping[str, str]) -> None:
        """Add or rename at most `APPS_PER_CALL` apps."""
        body = [{"AppID": app, "AppName": name} for app, name in names.items()]
        self._post("integrations/AddChannelApps", body, {"ChannelID": str(channel)})

    def send_details(self, channel: int, campaign: str, names: Sequence[str], skip: int) -> list[Recipient]:
        """Return one page of recipients, with these attributes. A page past the end is empty."""
        query = {
            "ChannelID": str(channel),
            "CampaignID": campaign,
            **({"CustomerAttributes": ";".join(names)} if names else {}),
            "$top": str(PAGE_SIZE),
            "$skip": str(skip),
        }
        response = self._request("GET", "customers/GetCustomerSendDetailsByChannel", query=query)
        # Past the end, an empty list is observed; a 404, as similar services return, cannot be excluded.
        if skip and response.status == _NOT_FOUND:
            return []
        recipients = _recipients(check_status(response), names)
        return [self._looked_up(recipient, names) if recipient.is_ambiguous else recipient for recipient in recipients]

    def _looked_up(self, recipient: Recipient, names: Sequence[str]) -> Recipient:
        """Ask for the attributes of this customer alone; return the ambiguous row if Optimove refuses them."""
        try:
            values = self.attributes(recipient.customer)
        except (RejectedError, UnauthorizedError) as error:
            logger.warning("customer %s: ambiguous CustomerAttribute, and no look-up: %s", recipient.customer, error)
            return recipient
        attributes = {name: values.get(name) for name in names}
        return msgspec.structs.replace(recipient, attributes=attributes, is_ambiguous=False)

    def campaign_templates(self, channel: int, campaign: str) -> set[int]:
        """Return the templates that a campaign uses on a channel; none if the service does not know."""
        query = {"CampaignID": campaign, "ChannelID": str(channel)}
        response = self._request("GET", "actions/GetExecutedCampaignChannelDetails", query=query)
        if response.status == _NOT_FOUND:
            return set()
        return {_integer(row, "TemplateID") for row in _rows(check_status(response))}

    def attributes(self, customer: str) -> dict[str, str | None]:
        """Return the attributes of one customer that the key may read."""
        response = self._request("GET", f"customers/{quote(customer, safe='')}/Attributes", query={})
        rows = _rows(check_status(response))
        values = {str(_required(row, "RealFieldName")): row.get("value") for row in rows}
        return {name: None if value is None else str(value) for name, value in values.items()}

    def waiting_customers(self, campaign: str, skip: int) -> list[str]:
        """Return one page of the customers of a campaign that waits for clearance. A page past the end is empty."""
        query = {"CampaignID": campaign, "$top": str(PAGE_SIZE), "$skip": str(skip)}
        response = self._request("GET", "customers/GetProcessedCampaignCustomers", query=query)
        if skip and response.status == _NOT_FOUND:
            return []
        return [str(_required(row, "CustomerID")) for row in _rows(check_status(response))]

    def update_promotion_status(self, campaign: str, statuses: Mapping[str, bool], now: Instant) -> None:
        """Report which customers are cleared: at most `STATUSES_PER_CALL`. Repeating it changes nothing."""
        updated = [{"CustomerID": customer, "Status": status} for customer, status in statuses.items()]
        body = {"TimeStamp": sql_time(now), "CampaignID": int(campaign), "PromosUpdated": updated}
        self._post("integrations/UpdateCustomerPromotionStatus", body)

    def set_channel_preference(self, channel: int, customers: Sequence[str], mode: int) -> None:
        """Set the mode of at most `PREFERENCES_PER_CALL` customers. Repeating it changes nothing."""
        body = {"ChannelID": channel, "CustomerIDs": list(customers), "CommunicationMode": mode, "AppID": None}
        self._post("integrations/SetCustomerChannelPreference", body)

    def update_attribute(self, name: str, value: str, customers: Sequence[str]) -> None:
        """Set one attribute of at most `CUSTOMERS_PER_UPDATE` customers. Repeating it changes nothing."""
        attribute = [{"RealFieldName": name, "Value": value}]
        values = [{"CustomerID": customer, "Attributes": attribute} for customer in customers]
        self._post("customers/UpdateCustomerAttributes", {"CustomerNewAttributesValuesList": values})

    def update_metrics(self, items: Sequence[Mapping[str, object]]) -> None:
        """Report at most `METRICS_PER_CALL` totals. If Optimove replaces values, repeating it changes nothing."""
        self._post("integrations/UpdateCampaignMetrics", list(items))

    def update_interactions(self, report: Mapping[str, object]) -> None:
        """Report at most `INTERACTIONS_PER_CALL` customers of a template that had an event."""
        self._post("integrations/UpdateCampaignInteractions", dict(report))

    def _post(self, path: str, body: object, query: Mapping[str, str] | None = None) -> None:
        response = check_status(self._request("POST", path, query=query, body=body))
        # documented: no payload; observed: an object with ResponseCode
        payload = response.json() if response.body.strip() else None
        if isinstance(payload, str):
            raise _bare_string_error(response, payload)
        if payload is not None and not isinstance(payload, dict):
            got = type(payload).__name__
            raise OutcomeUnknownError(f"{response.operation}: expected nothing or an object, got {got}")

    def _request(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Response:
        self._acquire_call()
        operation = f"Optimove {path.rpartition('/')[2]}"
        headers = {"X-API-KEY": self._key.reveal(), "Accept": "application/json"}
        url = f"{self._base}/{path}"
        return self._http.request(operation, method, url, query=query, headers=headers, body=body)


def _bare_string_error(response: Response, text: str) -> RejectedError:
    # observed: some failures are a 200 with a bare JSON string
    return RejectedError(f"{response.operation}: returned {text[:_MAX_SHOWN_CHARS]!r}")


def _rows(response: Response) -> list[dict[str, Any]]:
    """Return the list of objects in a response, with lower-case names."""
    # An empty list may also be an empty body.
    data = response.json() if response.body.strip() else []
    if isinstance(data, str):
        raise _bare_string_error(response, data)
    if not isinstance(data, list):
        raise OutcomeUnknownError(f"{response.operation}: expected a list, got {type(data).__name__}")
    rows = []
    for row in data:
        if not isinstance(row, dict):
            got = type(row).__name__
            raise OutcomeUnknownError(f"{response.operation}: expected a list of objects, got one with {got}")
        rows.append(dict(lowercase_keys(row)))
    return rows


def _required(row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name.lower())
    if value is None:
        raise RejectedError(f"Optimove: expected {name} in every row, got one with {sorted(row)} only")
    return value


def _integer(row: Mapping[str, Any], name: str) -> int:
    value = _required(row, name)
    try:
        return whole_number(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise RejectedError(f"Optimove: expected a whole number as {name}, got {value!r:.80}") from error


def _recipients(response: Response, names: Sequence[str]) -> list[Recipient]:
    page = decode_form(response.body, _DOCUMENTED_PAGE)
    documented = None if page is None else _documented_recipients(page, names)
    return [_recipient(row, names) for row in _rows(response)] if documented is None else documented


def _documented_recipients(page: Sequence[_SendDetails], names: Sequence[str]) -> list[Recipient] | None:
    """Return the recipients; None if a row is not correct."""
    if names and any(len(row.attributes) != len(names) for row in page):
        return None
    try:
        return [
            Recipient(
                customer=row.customer,
                template=row.template,
                send_at=parse_time(row.time),
                attributes=dict(zip(names, row.attributes, strict=False)),
                app=row.app,
            )
            for row in page
        ]
    except ValueError:
        return None


def _recipient(row: Mapping[str, Any], names: Sequence[str]) -> Recipient:
    try:
        send_at = parse_time(str(_required(row, "ScheduledTime")))
    except ValueError as error:
        raise RejectedError(f"Optimove: ScheduledTime: {error}") from error
    values = _attribute_values(row, len(names))
    return Recipient(
        customer=str(_required(row, "CustomerID")),
        template=_integer(row, "TemplateID"),
        send_at=send_at,
        attributes=dict.fromkeys(names) if values is None else dict(zip(names, values, strict=True)),
        is_ambiguous=values is None,
        app=None if row.get("appid") is None else str(row["appid"]),
    )


def _attribute_values(row: Mapping[str, Any], count: int) -> list[str | None] | None:
    """Return the values; None if they are one text and a value contains the separator."""
    values = row.get("customerattributes", row.get("customerattribute"))
    if not count:
        return []
    if isinstance(values, str):
        values = values.split(_ATTRIBUTE_SEPARATOR) if count > 1 else [values]
        if len(values) > count:
            return None
    if not isinstance(values, list) or len(values) != count:
        got = f"{len(values)}" if isinstance(values, list) else "none"
        raise RejectedError(f"Optimove: expected {count} CustomerAttributes in every row, got {got}")
    return [None if value is None else str(value) for value in values]
