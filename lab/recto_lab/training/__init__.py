"""Training of encoders: a configuration, its pictures, views of them, losses, and what comes out (`recto train`)."""
