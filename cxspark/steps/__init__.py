"""One module per job: what it reads, what it writes, its settings, and `run`."""
