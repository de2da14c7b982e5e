"""The texts of the new files, and the proof that nothing was lost."""
