"""What a report writes for papers, set by LaTeX."""
