"""One run of each command: from its options to what is read, decided, written and told."""
