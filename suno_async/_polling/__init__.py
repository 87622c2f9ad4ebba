"""When to ask after a task, and asking."""
