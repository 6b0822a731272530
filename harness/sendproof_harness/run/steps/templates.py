"""The steps of templates: a user of the provider adds, renames, changes and deletes them."""

from sendproof_harness.run.context import RunContext
from sendproof_harness.run.sandboxes import new_template
from sendproof_harness.scenario.model import AddTemplate, ChangeTemplate, DeleteTemplate, RenameTemplate


def add(context: RunContext, step: AddTemplate) -> None:
    """Add a template."""
    template = step.template
    context.progress.phase(f"adding the template {template.title}")
    for sandbox in context.sandboxes:
        context.control.add_templates(sandbox, template.provider, [new_template(template)])


def rename(context: RunContext, step: RenameTemplate) -> None:
    """Change the title of a template."""
    context.progress.phase(f"renaming the template {step.title} to {step.to}")
    for sandbox in context.sandboxes:
        template = _template_id(context, sandbox, step.provider, step.title)
        context.control.change_template(sandbox, step.provider, template, {"title": step.to})


def change(context: RunContext, step: ChangeTemplate) -> None:
    """Change the text of a template."""
    context.progress.phase(f"changing the text of the template {step.title}")
    for sandbox in context.sandboxes:
        template = _template_id(context, sandbox, step.provider, step.title)
        context.control.change_template(sandbox, step.provider, template, {"body": step.body})


def delete(context: RunContext, step: DeleteTemplate) -> None:
    """Delete a template."""
    context.progress.phase(f"deleting the template {step.title}")
    for sandbox in context.sandboxes:
        template = _template_id(context, sandbox, step.provider, step.title)
        context.control.delete_template(sandbox, step.provider, template)


def _template_id(context: RunContext, sandbox: str, provider: str, title: str) -> object:
    templates = context.control.templates(sandbox, provider)
    return next(template["id"] for template in templates if template["title"] == title)
