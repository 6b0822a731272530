"""Recorded traffic between a bridge and real services: read, judged by the contracts, and recorded by a proxy."""
