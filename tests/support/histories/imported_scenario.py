"""Textlocal as a scenario sets it up: its templates and translations, and the client's daily import."""

from sendproof_harness.run.sandboxes import import_settings
from sendproof_harness.scenario.model import Scenario
from sendproof_simulators.core.plans import ExpectedMessage, Split
from sendproof_simulators.core.simulator import SandboxContext, Template
from sendproof_simulators.services.textlocal import SIMULATOR


class ImportedScenario:
    """An account that knows the customers of a scenario."""

    def __init__(self, scenario: Scenario, context: SandboxContext) -> None:
        """Create the account, with the settings and templates of the scenario."""
        self.context, self.state, self.ids = context, SIMULATOR.new_state(context), {}
        translations = {}
        for template in scenario.templates:
            self.ids[template.title] = self._add(template.title, template.body)
            if template.translations is not None:
                bodies = template.translations.bodies
                ids = {value: self._add(f"{template.title} ({value})", body) for value, body in bodies.items()}
                translations[self.ids[template.title]] = {"field": template.translations.attribute, "templates": ids}
        settings = {**import_settings(scenario, "textlocal"), "translations": translations}
        SIMULATOR.settings.replace(context, self.state, 0, settings)

    def expected_message(self, split: Split, customer: str) -> ExpectedMessage:
        """Return the message that a customer is due."""
        template = Template(id=self.ids[split.title], title=split.title, body=split.body)
        return SIMULATOR.expected_message(self.context, self.state, template, customer, split.send_at)

    def _add(self, title: str, body: str) -> int:
        template, _ = SIMULATOR.templates.add(self.state, 0, title, body, None)
        return int(template.id)
