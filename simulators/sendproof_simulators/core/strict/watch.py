"""The watch over everything that the simulators of a process send."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.http import Response, Violation
from sendproof_simulators.core.strict.descriptions import ResponseContract, WebhookContract

log = logging.getLogger(__name__)


@dataclass
class Watch:
    """The contracts of all services, and the violations that were found: each text, and how often.

    `everywhere`: check each sandbox, not only those that ask for it. `webhook_contracts` reads the contracts of the
    webhooks by service; services without one are not checked.
    """

    contracts: Mapping[str, Contract]
    webhook_contracts: Callable[[], Mapping[str, Contract]] = dict
    everywhere: bool = False
    found: Counter[str] = field(default_factory=Counter)
    _responses: dict[str, ResponseContract] = field(default_factory=dict)

    def check_response(
        self, service: str, changed_dialects: frozenset[str], operation: str | None, response: Response
    ) -> list[Violation]:
        """Return the violations by a response, and report them on stderr.

        `changed_dialects` are the dialects of the service that do not have their default in the sandbox.
        """
        if service not in self._responses:
            self._responses[service] = ResponseContract(self.contracts[service])
        found = self._responses[service].violations(operation, response, changed_dialects)
        self._report(f"{service}: the response of {operation}", found)
        return found

    def check_webhook(
        self, service: str, changed_dialects: frozenset[str], event: str, content_type: str, body: bytes
    ) -> list[Violation]:
        """Return the violations by a webhook, and report them on stderr; `changed_dialects` as in a response."""
        contract = self._webhooks.get(service)
        if contract is None or not changed_dialects.isdisjoint(contract.default_dialects):
            return []
        found = contract.violations(event, content_type, body)
        self._report(f"{service}: the webhook {event}", found)
        return found

    def report_failure(self, service: str, operation: str | None, failure: str) -> list[Violation]:
        """Return a failure of a simulator as a violation, and report it on stderr. No contract allows one."""
        found = [Violation(where="status", rule="failure", message=failure)]
        self._report(f"{service}: the response of {operation or 'no operation'}", found)
        return found

    @cached_property
    def _webhooks(self) -> Mapping[str, WebhookContract]:
        return {name: WebhookContract(contract) for name, contract in self.webhook_contracts().items()}

    def _report(self, what: str, found: Sequence[Violation]) -> None:
        for violation in found:
            text = f"{what} violates its contract: {violation.where}: {violation.message}"
            # A response of a frequent call would fill the screen.
            if text not in self.found:
                log.error(text)
            self.found[text] += 1
