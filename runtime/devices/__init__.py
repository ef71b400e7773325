"""The register of devices from a city's own table: read, judged row by row, and brought in (``cityloop devices``)."""
