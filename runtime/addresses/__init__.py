"""Addresses at the command line: explain one, and train the parser on a city's own labelled addresses."""
