"""Slots of the rate: who gets the next one, and when."""
