"""Where the version is written; the metadata of the package reads it here."""

__version__ = "1.0.0"
"""The version of the package."""
