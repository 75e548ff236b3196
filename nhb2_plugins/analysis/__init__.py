"""From recorded files to curves, tables and figures; needs neither a table nor a framework."""
