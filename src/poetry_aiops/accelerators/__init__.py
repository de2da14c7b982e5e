"""What a machine is (probes, each with its raw value) and which builds run on it."""
