"""The database: tables, transactions, and the job queue."""
