"""The pages under `/mail`, for staff."""
