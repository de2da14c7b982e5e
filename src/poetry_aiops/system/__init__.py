"""What touches the operating system and the network, and the rules that hold for all of it; imports no feature."""
