"""Generated data: seeded images with known objects, and errors put into labels on purpose."""
