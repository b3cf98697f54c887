"""The contents of reports, written once for every form of output."""
