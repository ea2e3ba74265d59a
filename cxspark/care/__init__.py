"""What care each table needs: how it lies on disk, how long former versions are kept."""
