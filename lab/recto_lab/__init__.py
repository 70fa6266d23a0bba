"""What one learns with: drawn covers and photos of them, training of networks, comparison of methods."""
