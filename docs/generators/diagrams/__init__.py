"""The pictures of `docs/images` that are drawn from data: the flows as sequence diagrams, and the layers."""
