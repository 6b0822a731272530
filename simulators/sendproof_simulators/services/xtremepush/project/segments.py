"""Segments on Xtremepush's side: a campaign can leave out a part of the audience that Optimove selected.

documented, in Xtremepush's page on its Optimove integration: additional segmentation of the target audience can be
added to the campaign. assumed: who is in a segment, which only Xtremepush knows, and that its API sends nothing to the
others.
"""

from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.xtremepush.project.settings import ProjectSettings
from sendproof_simulators.services.xtremepush.state import NAME


def is_outside_segment(random: KeyedRandom, settings: ProjectSettings, campaign: int, user: str) -> bool:
    """Return True if the segment of a campaign leaves out a user."""
    segment = settings.segments.get(str(campaign))
    if segment is None:
        return False
    return user in segment.users or random.fraction(NAME, "segment", campaign, user) < segment.excludes
