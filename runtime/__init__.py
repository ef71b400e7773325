"""The wiring: settings, the city's own data, processes. The one place that knows everybody."""
