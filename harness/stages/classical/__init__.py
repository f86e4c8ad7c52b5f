"""Classical methods without training: threshold, components and watersheds."""
