"""One file for each revision. What was released is never edited: a change of the tables is a new file."""
