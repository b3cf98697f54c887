"""Text for people: escapes of what comes from files, numbers at a readable length, glyphs."""
