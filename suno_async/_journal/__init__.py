"""What was paid for: in memory, or in one SQLite file that outlives the process."""
