"""The service's JSON, read and written; pure."""
