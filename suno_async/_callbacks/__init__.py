"""What a callback does once it came in."""
