"""The words for a request that was not served as meant."""

import base64

import pytest

from repository import ROOT
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.near_misses.credentials import KnownCredential
from sendproof_simulators.server.near_misses.names import most_similar
from sendproof_simulators.server.near_misses.near_miss import NearMiss, Neighbours, SentRequest, Service, near_miss

CONTRACTS = {
    "optimove": load_contract(ROOT / "openapi" / "optimove.yaml", case_insensitive=True, optional_prefix="/current"),
    "textlocal": load_contract(ROOT / "openapi" / "textlocal.yaml"),
}
NEIGHBOURS = Neighbours(CONTRACTS, {"textlocal": "http://127.0.0.1:14104"})
OWNERS = {"the-key": KnownCredential("optimove", "api_key"), "another-key": KnownCredential("textlocal", "apikey")}


def service(name: str, place: str = "") -> Service:
    """Return a service next to the other one."""
    return Service(
        name=name,
        contract=CONTRACTS[name],
        credential_place=place,
        owner=OWNERS.get,
        neighbour=lambda request: NEIGHBOURS.find(request, apart_from=name),
    )


OPTIMOVE = service("optimove")
TEXTLOCAL = service("textlocal", "apikey in the query or the form")
REGISTER = "/current/general/RegisterEventListener"


def missed(request: Request, *, of: Service = OPTIMOVE, credential: str = "", status: int = 401) -> NearMiss:
    """Return the near miss of a request; an empty or unknown credential belongs to no sandbox."""
    owner = OWNERS.get(credential)
    known = owner is not None and owner.service == of.name
    found = near_miss(of, SentRequest(request=request, credential=credential, status=status, known=known))
    assert found is not None
    return found


def test_key_in_another_header_is_named_with_the_right_header() -> None:
    """A vendor who reads this has the repair."""
    request = Request(method="POST", path=REGISTER, headers={"authorization": "Bearer the-key", "host": "h"})
    assert missed(request) == NearMiss(
        operation="RegisterEventListener", differs="you sent Authorization, Optimove wants X-API-KEY"
    )


def test_key_in_basic_authentication_is_found() -> None:
    basic = base64.b64encode(b"user:the-key").decode()
    headers = {"x-auth-hint": "x", "authorization": f"Basic {basic}"}
    request = Request(method="POST", path=REGISTER, headers=headers)
    assert missed(request).differs == "you sent Authorization, Optimove wants X-API-KEY"


def test_key_in_the_query_is_named_with_both_places() -> None:
    request = Request(method="POST", path=REGISTER, query=(("X-API-KEY", "the-key"),))
    assert missed(request).differs == "you sent X-API-KEY in the query, Optimove wants X-API-KEY as a header"


@pytest.mark.parametrize(("headers", "what"), [({}, "no credential"), ({"x-api-key": ""}, "an empty X-API-KEY")])
def test_missing_key_is_named_as_missing(headers: dict[str, str], what: str) -> None:
    request = Request(method="POST", path=REGISTER, headers=headers)
    assert missed(request).differs == f"you sent {what}, Optimove wants X-API-KEY"


@pytest.mark.parametrize(
    ("credential", "differs"),
    [
        ("a-key-of-no-sandbox", "the value of X-API-KEY is no credential of this sandbox"),
        ("another-key", "the value of X-API-KEY is the apikey of textlocal"),
        ("Bearer the-key", "the value of X-API-KEY has more in it than the credential alone"),
    ],
)
def test_wrong_value_of_the_key_is_distinguished(credential: str, differs: str) -> None:
    assert missed(Request(method="POST", path=REGISTER), credential=credential).differs == differs


@pytest.mark.parametrize(
    ("body", "place"), [(b"api_key=another-key&format=json", "form"), (b'{"api_key": "another-key"}', "JSON body")]
)
def test_field_of_a_body_with_another_name_is_found(body: bytes, place: str) -> None:
    request = Request(method="POST", path="/get_templates", body=body)
    differs = f"you sent api_key in the {place}, Textlocal wants apikey in the query or the form"
    assert missed(request, of=TEXTLOCAL).differs.startswith(differs)


@pytest.mark.parametrize(
    ("method", "path", "differs"),
    [
        ("POST", "/current/general/RegisterListener", f"no such path; nearest: POST {REGISTER}"),
        ("POST", "/api/v2/RegisterEventListener", f"no such path; nearest: POST {REGISTER}"),
        ("POST", f"/current{REGISTER}", f"no such path; nearest: POST {REGISTER} (without /current in front)"),
        ("POST", f"{REGISTER}/505", f"no such path; nearest: POST {REGISTER} (without /505 at the end)"),
        (
            "POST",
            "/RegisterEventListener",
            f"no such path; nearest: POST {REGISTER} (/current/general is missing in front)",
        ),
        (
            "POST",
            "/current//general/RegisterEventListener",
            f"no such path; nearest: POST {REGISTER} (with one slash between its parts)",
        ),
        ("PUT", REGISTER, f"you sent PUT, RegisterEventListener is POST {REGISTER}"),
        ("GET", "/", "no such path"),
        ("POST", "/send", "no such path; send of textlocal is at http://127.0.0.1:14104/send"),
    ],
)
def test_wrong_address_names_the_nearest_operation(method: str, path: str, differs: str) -> None:
    assert missed(Request(method=method, path=path), credential="the-key", status=404).differs == differs


def test_path_in_another_case_is_named_where_the_case_matters() -> None:
    differs = "no such path; nearest: POST /send (paths match in this case only)"
    request = Request(method="POST", path="/Send")
    assert missed(request, of=TEXTLOCAL, credential="another-key", status=200).differs == differs


def test_wrong_content_type_names_the_right_one() -> None:
    request = Request(method="POST", path=REGISTER, headers={"content-type": "text/plain"}, body=b"x")
    differs = "you sent text/plain, RegisterEventListener wants application/json"
    assert missed(request, credential="the-key", status=415).differs == differs


def test_form_with_the_content_type_of_json_is_recognized() -> None:
    request = Request(method="POST", path=REGISTER, headers={"content-type": "application/json"}, body=b"ChannelID=5")
    differs = "the body is a form, RegisterEventListener wants JSON"
    assert missed(request, credential="the-key", status=400).differs == differs


@pytest.mark.parametrize(
    ("query", "body", "differs"),
    [
        ((), b'{"EventType": 13}', "you sent EventType in the body, RegisterEventListener wants EventTypeID"),
        ((), b'{"Zorro": 13}', "RegisterEventListener has no Zorro in the body"),
        (
            (("ChannelID", "5"),),
            b'{"EventTypeID": 13}',
            "you sent ChannelID in the query, RegisterEventListener wants it in the body",
        ),
    ],
)
def test_unknown_name_is_named_with_the_one_that_was_meant(
    query: tuple[tuple[str, str], ...], body: bytes, differs: str
) -> None:
    request = Request(method="POST", path=REGISTER, query=query, body=body)
    assert missed(request, credential="the-key", status=400).differs == differs


def test_request_that_the_service_understood_is_no_near_miss() -> None:
    """A 404 for an unknown campaign is the service's own answer."""
    request = Request(method="POST", path=REGISTER)
    assert near_miss(OPTIMOVE, SentRequest(request=request, credential="the-key", status=404)) is None


@pytest.mark.parametrize("body", [b'{"x":"\xff"}', b"\xff=\xfe", b"[" * 5_000, b'{"\\ud800":1}', b"\0"])
def test_body_that_cannot_be_read_names_no_field(body: bytes) -> None:
    request = Request(method="POST", path=REGISTER, body=body)
    assert missed(request).differs.startswith("you sent no credential, Optimove wants X-API-KEY")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("phone", "phone_number"), ("PhoneNumber", "phone_number"), ("numbr", "number"), ("to", None), ("x" * 999, None)],
)
def test_most_similar_name_is_no_guess(name: str, meant: str | None) -> None:
    assert most_similar(name, ["text", "number", "phone_number"]) == meant


def test_names_beyond_the_first_are_not_compared() -> None:
    """Otherwise one hostile request would occupy the server."""
    body = b"{" + b",".join(b'"channel_%d": 1' % number for number in range(1_000)) + b"}"
    request = Request(method="POST", path=REGISTER, body=body)
    assert missed(request, credential="the-key", status=400).differs.count("you sent") == 3
