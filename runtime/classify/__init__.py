"""The trained text model outside its pure part: training data and model files, the command line, and the swap."""
