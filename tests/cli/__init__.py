"""The command line, called as the shell would, beside an embedded API on the same virtual clock."""
