"""The names in the texts of a scenario, and the same texts with other names."""

from collections.abc import Iterator, Mapping

from sendproof_harness.comparison.invariants.letters import other_letters
from sendproof_harness.judge.facts.templates import TemplateText, template_text
from sendproof_harness.scenario.model import AddTemplate, ChangeTemplate, Scenario

_NAMES = ("FIRST_NAME", "LAST_NAME", "CITY")


class NamedTexts:
    """The texts of a scenario's templates, and the attributes in them that are names."""

    def __init__(self, scenario: Scenario) -> None:
        self._templates = [template_text(body) for body in _bodies(scenario)]
        self._names = frozenset(scenario.audience.name_of(name) for name in _NAMES)

    def names(self, text: str) -> Mapping[str, str]:
        """Return the names in a text by attribute; none if no template fits."""
        _, values = self._fitting(text)
        return {name: value for name, value in values.items() if name in self._names and value}

    def with_other_names(self, text: str) -> str:
        """Return the text with other names; a text of no template stays."""
        template, values = self._fitting(text)
        if template is None:
            return text
        return template.text({n: other_letters(v) if n in self._names else v for n, v in values.items()})

    def _fitting(self, text: str) -> tuple[TemplateText | None, Mapping[str, str]]:
        for template in self._templates:
            values = template.values(text)
            if values is not None:
                return template, values
        return None, {}


def _bodies(scenario: Scenario) -> Iterator[str]:
    """Yield each text that a template of the scenario has."""
    yield from (template.body for template in scenario.templates)
    for step in scenario.steps:
        if isinstance(step, AddTemplate):
            yield step.template.body
        elif isinstance(step, ChangeTemplate):
            yield step.body
