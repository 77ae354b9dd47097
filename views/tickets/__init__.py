"""The pages of one ticket."""
