"""Chores for whoever runs the desk, as `flask` commands."""


def set_up(app):
    pass
