"""Readings of devices judged by the rules of their kinds: a flood becomes the few alarms that matter. Pure."""
