"""The law: what a case is, what may happen to it, and by when. Pure; standard library only."""
