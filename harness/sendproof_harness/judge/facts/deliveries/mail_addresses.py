"""Valid forms of e-mail addresses that hurried patterns refuse."""

# The longest top-level domain before 2013 was `museum`, and many patterns allow no longer one.
_USUAL_DOMAIN = 6


def has_tag(address: str) -> bool:
    """Return True for an address with a tag, such as ann+news@example.com."""
    local, _, domain = address.partition("@")
    return bool(domain) and "+" in local


def has_long_domain(address: str) -> bool:
    """Return True for an address with a top-level domain of more than six letters."""
    return len(address.partition("@")[2].rpartition(".")[2]) > _USUAL_DOMAIN
