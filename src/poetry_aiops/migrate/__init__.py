"""Requirements files to Poetry: parse, classify, plan, apply, prove, and roll back."""
