"""Poetry's solver, installer and export."""
