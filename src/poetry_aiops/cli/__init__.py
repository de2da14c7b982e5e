"""What every command shares: options and errors, text for a terminal, JSON documents."""
