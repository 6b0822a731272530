"""A web application firewall that responds in place of the service."""

from dataclasses import dataclass

from sendproof_simulators.core.faults.spec import ALTERED, CallFault, FaultedResponse, Refuse
from sendproof_simulators.core.http import Response

# In the form that such pages have: HTML, a friendly sentence, a number for the support, status 200.
_PAGE = b"""<!DOCTYPE html>
<html><head><title>Request Rejected</title></head>
<body>The requested URL was rejected. Please consult with your administrator.<br><br>
Your support ID is: 1234567890123456789<br><br><a href="javascript:history.back();">[Go Back]</a></body></html>
"""


@dataclass(frozen=True, kw_only=True)
class HtmlResponse(CallFault):
    """The response has status 200 and the HTML page of a web application firewall."""

    def respond(self, original: Response, refuse: Refuse) -> FaultedResponse:
        del original, refuse
        return FaultedResponse(response=Response(body=_PAGE, content_type="text/html; charset=utf-8"), result=ALTERED)
