"""An acceptance suite for those with a key: the real service, asked and compared with its contract.

`plugin` decides whether it runs, `exchanges` counts what is paid and keeps the answers, `contract`
holds what they are compared with, and `test_service` asks.
"""
