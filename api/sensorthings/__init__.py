"""OGC SensorThings API 1.1 (18-088), as far as it is served: devices and readings in the words of the standard."""
