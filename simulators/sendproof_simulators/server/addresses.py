"""The addresses of the control API and of the services."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Addresses:
    """The URLs of the control API and of each service by name, and the service of each port. Empty before the start."""

    control: str = ""
    services: dict[str, str] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)
