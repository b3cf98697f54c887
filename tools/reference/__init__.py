"""Pages of docs/reference, made from the code: a module for each, whose `render` gives the text."""
