"""The commands: each is an asynchronous function whose signature and docstring are its help."""
