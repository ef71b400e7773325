"""Who: the rulebook that says which unit must act, and explains itself. Pure."""
