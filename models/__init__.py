"""Models trained for this project, one folder each. ``python -m models.retrain NAME`` trains one again."""
