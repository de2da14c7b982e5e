"""The dependency graph of a lock: built from pyproject.toml and poetry.lock, queried, priced and compared.

Every algorithm here works on plain numbers and tuples, in linear or nearly linear time where one is known, so that
no library has to be imported for it.
"""
