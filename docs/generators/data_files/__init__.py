"""Data files of the packages that are derived from other parts of the repository."""
