"""``nhb2 doctor``: checks of the installation, the table in use and budget ladders; imports no framework."""
