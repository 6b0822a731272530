"""The reference bridge: carries Optimove campaigns to a message provider, and what became of them back."""

from importlib.metadata import version

__version__ = version("sendproof")
