"""What runs while a batch tells its outcomes."""
