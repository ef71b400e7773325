"""The rulebook outside its pure part: tables in and out, what a city checks, the command line, and the swap."""
