"""Paying once: submissions and their tasks."""
