"""The implementations of the store: SQLite and PostgreSQL."""
