"""What views ask for: covers entered, photos searched and compared."""
