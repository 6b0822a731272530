"""The words for a request that was not served as meant."""

import pytest

from repository import ROOT
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.http import Request
from sendproof_simulators.server.near_misses import NearMiss, Service, near_miss

OPTIMOVE = Service(
    name="optimove",
    contract=load_contract(ROOT / "openapi" / "optimove.yaml", case_insensitive=True, optional_prefix="/current"),
    credential_place="",
    owner={"the-key": "optimove", "another-key": "textlocal"}.get,
)
TEXTLOCAL = Service(
    name="textlocal",
    contract=load_contract(ROOT / "openapi" / "textlocal.yaml"),
    credential_place="",
    owner={"another-key": "textlocal"}.get,
)
REGISTER = "/current/general/RegisterEventListener"


def missed(request: Request, *, service: Service = OPTIMOVE, credential: str = "", status: int = 401) -> NearMiss:
    """Return the near miss of a request; an empty or unknown credential belongs to no sandbox."""
    found = near_miss(service, request, credential, status, known=service.owner(credential) == service.name)
    assert found is not None
    return found


def test_key_in_another_header_is_named_with_the_right_header() -> None:
    """A vendor who reads this has the repair."""
    request = Request(method="POST", path=REGISTER, headers={"authorization": "Bearer the-key", "host": "h"})
    assert missed(request) == NearMiss(
        operation="RegisterEventListener", differs="you sent Authorization, Optimove wants X-API-KEY"
    )


def test_missing_key_is_named_as_missing() -> None:
    assert missed(Request(method="POST", path=REGISTER)).differs == "you sent no credential, Optimove wants X-API-KEY"


@pytest.mark.parametrize(
    ("credential", "differs"),
    [
        ("a-key-of-no-sandbox", "the value of X-API-KEY is no credential of this sandbox"),
        ("another-key", "the value of X-API-KEY is the credential for textlocal"),
        ("Bearer the-key", "the value of X-API-KEY has more in it than the credential alone"),
    ],
)
def test_wrong_value_of_the_key_is_distinguished(credential: str, differs: str) -> None:
    assert missed(Request(method="POST", path=REGISTER), credential=credential).differs == differs


def test_field_of_a_form_with_another_name_is_found() -> None:
    request = Request(method="POST", path="/get_templates", body=b"api_key=another-key&format=json")
    assert missed(request, service=TEXTLOCAL).differs == "you sent api_key, Textlocal wants apikey"


@pytest.mark.parametrize(
    ("method", "path", "differs"),
    [
        ("POST", "/current/general/RegisterListener", f"no such path; nearest: POST {REGISTER}"),
        ("POST", "/api/v2/RegisterEventListener", f"no such path; nearest: POST {REGISTER}"),
        ("PUT", REGISTER, f"you sent PUT, RegisterEventListener is POST {REGISTER}"),
        ("GET", "/", "no such path"),
    ],
)
def test_wrong_address_names_the_nearest_operation(method: str, path: str, differs: str) -> None:
    assert missed(Request(method=method, path=path), credential="the-key", status=404).differs == differs


def test_wrong_content_type_names_the_right_one() -> None:
    request = Request(method="POST", path=REGISTER, headers={"content-type": "text/plain"}, body=b"x")
    differs = "you sent text/plain, RegisterEventListener wants application/json"
    assert missed(request, credential="the-key", status=415).differs == differs


def test_request_that_the_service_understood_is_no_near_miss() -> None:
    """A 404 for an unknown campaign is the service's own answer."""
    request = Request(method="POST", path=REGISTER)
    assert near_miss(OPTIMOVE, request, "the-key", 404, known=True) is None


@pytest.mark.parametrize("body", [b'{"x":"\xff"}', b"\xff=\xfe", b"[" * 5_000, b'{"\\ud800":1}', b"\0"])
def test_body_that_cannot_be_read_names_no_field(body: bytes) -> None:
    request = Request(method="POST", path=REGISTER, body=body)
    assert missed(request).differs == "you sent no credential, Optimove wants X-API-KEY"
