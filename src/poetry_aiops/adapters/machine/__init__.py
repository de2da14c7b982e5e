"""This machine, and what lies in an environment."""
