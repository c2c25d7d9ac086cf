"""Work on the vault as a whole: init, watch, check, kept."""
