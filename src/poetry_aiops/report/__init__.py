"""Results turned into text of one format each; no input and no output."""
