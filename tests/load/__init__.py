"""Speed, measured as ratios to raw limits in the same run: `make bench`."""
