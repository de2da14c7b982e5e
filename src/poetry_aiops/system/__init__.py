"""Files, processes, HTTP, Git and transactions: the only package that touches the machine."""
