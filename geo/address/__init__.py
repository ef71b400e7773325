"""Address text: its elements, the parsers that find them, and the spoken ways of saying where. Pure."""
