"""Changing many tickets at once, and taking that back."""
