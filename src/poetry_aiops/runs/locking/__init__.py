"""What Poetry's own commands do differently in a project with hardware variants."""
