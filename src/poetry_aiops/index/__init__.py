"""Reading package indexes: pages, and one record for each package."""
