"""What every feature needs of the operating system."""
