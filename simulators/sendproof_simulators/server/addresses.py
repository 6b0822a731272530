"""The addresses of the control API and of every service, once their ports are known."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Addresses:
    """Where the parts answer: filled in once the ports are known."""

    control: str = ""
    services: dict[str, str] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)
