"""Where advisories come from: services, snapshots, and what is kept of them."""
