"""The package-index client: who may be asked, and with which login."""
