"""The seeds that a sandbox can have, and how further ones follow from the first."""

#: The control API takes no larger seed: JSON readers with floating-point numbers would change it.
LARGEST_SEED = 9_007_199_254_740_991


def following_seed(first: int, index: int) -> int:
    """Return the seed that is `index` places after the first one; 0 follows the largest."""
    return (first + index) % (LARGEST_SEED + 1)
