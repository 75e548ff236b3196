"""What a browser shows: the page of a report, and the dashboard."""
