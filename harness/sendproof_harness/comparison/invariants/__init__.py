"""The invariants, in the order of their checks."""

from sendproof_harness.comparison.invariants import relations, transformations
from sendproof_harness.comparison.invariants.invariant import Invariant

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        name="order",
        title="The order of the customers does not matter",
        change="Optimove returns the rows of each campaign in the opposite order",
        transform=transformations.in_opposite_order,
        relate=relations.everything,
    ),
    Invariant(
        name="pages",
        title="The border of a page does not matter",
        change="10,000 customers without a usable number come first, so a page ends in the middle of the others",
        transform=transformations.over_a_page_border,
        relate=relations.present_customers,
    ),
    Invariant(
        name="halves",
        title="Two campaigns to half of the customers are one to all",
        change="each campaign is divided into two, with half of its customers each",
        transform=transformations.in_two_campaigns,
        relate=relations.sums_of_both,
    ),
    Invariant(
        name="titles",
        title="The title of a template does not matter",
        change="each template has another title",
        transform=transformations.with_other_titles,
        relate=relations.other_titles,
    ),
    Invariant(
        name="days",
        title="The day does not matter",
        change=f"everything happens {transformations.DAYS} days later",
        transform=transformations.days_later,
        relate=relations.later,
    ),
    Invariant(
        name="provider",
        title="The provider does not matter",
        change="the next provider of the scenario's list carries the messages",
        transform=transformations.with_another_provider,
        relate=relations.messages_alone,
    ),
    Invariant(
        name="twice",
        title="Further customers do not matter",
        change="the audience has as many customers again",
        transform=transformations.with_twice_the_audience,
        relate=relations.proportions,
    ),
    Invariant(
        name="names",
        title="The name of a customer does not matter",
        change="each letter of names and cities is replaced by another one of its kind",
        transform=transformations.with_other_names,
        relate=relations.other_names,
    ),
)
