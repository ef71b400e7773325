"""The office: claim, load, decide, save, announce, in one transaction a batch."""
