"""What the plugin asks of the operating system: streams, files, processes."""
