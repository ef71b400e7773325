"""Door two: HTTP. Understand a request, call one handler or one view, answer."""
