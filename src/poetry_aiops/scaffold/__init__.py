"""Files around a project, made from its groups, its hardware variants and its lock. Pure: models in, texts out."""
