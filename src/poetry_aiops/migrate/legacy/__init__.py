"""The old-command report: what in a repository still installs, compiles or calls Poetry the old way."""
