"""Where: an immutable map of the city's areas and unit grids. Pure; imports shapely and numpy."""
