"""Where advisories come from: an OSV service, or a snapshot."""
