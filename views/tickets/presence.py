"""Who else has the ticket open: asked for and told by the open pages of agents."""

from flask import jsonify, request

from helpdesk.live import presence


def show(ticket, me):
    return jsonify(others=presence.present_agents(ticket, me))


def say(ticket, me):
    """An open page says that it is there, whether its person writes, or that it goes. The answer is who else is."""
    if request.form.get("gone"):
        presence.gone(ticket, me)
        return jsonify(others=[])
    presence.here(ticket, me, writing=request.form.get("writing") == "1")
    return jsonify(others=presence.present_agents(ticket, me))
