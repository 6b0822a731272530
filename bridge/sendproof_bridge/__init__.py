"""Reference bridge: sends Optimove campaigns through a message provider and reports the results back."""

from importlib.metadata import version

__version__ = version("sendproof")
