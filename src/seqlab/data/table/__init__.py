"""Tables as they are found: rows of cells under a header, whatever the file."""
