"""Files of results, fetched whole."""
