"""What results look like at a terminal."""
