"""What was paid for: in memory, in one SQLite file, or in PostgreSQL for many clients."""
