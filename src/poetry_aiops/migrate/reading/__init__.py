"""Requirements files as pip reads them, without losing a line."""
