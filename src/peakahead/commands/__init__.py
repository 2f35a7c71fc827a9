"""The command line: one file a command. Needs click and rich, the `cli` extra."""
