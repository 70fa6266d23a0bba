"""What keeps a catalogue healthy: re-indexing, checks, deletion, repair."""
