"""The figures that the package claims, for anyone to measure again: `python -m benchmarks --list`.

Each module without an underscore is one benchmark: its docstring says what it measures, and its
`run` returns the tables. Adding one is adding such a file.
"""

import logging

logging.getLogger("suno_async").addHandler(logging.NullHandler())  # faults are meant to happen here
