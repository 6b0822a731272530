"""Segments on Xtremepush's side: a campaign can leave out a part of the audience that Optimove selected.

documented, in Xtremepush's page on its Optimove integration: additional segmentation of the target audience can be
added to the campaign. assumed: who is in a segment, which only Xtremepush knows, and that its API sends nothing to the
others.
"""

from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.project.settings import ProjectSettings
from sendproof_simulators.services.xtremepush.state import NAME


def is_outside_segment(context: SandboxContext, settings: ProjectSettings, campaign: int, user: str) -> bool:
    """Return True if the segment of a campaign leaves out a user; it only draws users without a given protection."""
    segment = settings.segments.get(str(campaign))
    if segment is None:
        return False
    if user in segment.users:
        return True
    is_drawn = context.random.fraction(NAME, "segment", campaign, user) < segment.excludes
    return is_drawn and context.audience.index_of(user) not in context.audience.decided
