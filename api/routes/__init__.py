"""One file a resource; a route understands, calls one handler or view, and answers."""
