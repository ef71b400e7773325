"""Open311 GeoReport v2 on top of the API: services, requests and tokens as existing 311 apps speak of them."""
