"""Figures: the dashboard and the daily counts it reads."""
