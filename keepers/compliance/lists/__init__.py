"""Published sanctions lists: bytes in, records out. Files, addresses on the web and the database are elsewhere."""
