"""What: which category of the catalogue a report speaks of, how sure we are, and why. Pure."""
