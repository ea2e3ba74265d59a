"""The suite beside its peers: the same data, the same result, the times side by side."""
