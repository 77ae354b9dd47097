"""Live news for open pages: the stream, and the poll where no stream can be had."""

from flask import Response, current_app, jsonify, request

from helpdesk import news, sessions

ID_MAX = 2**53


def stream(me):
    """Server-sent events: hints that a ticket changed. 204 tells the browser not to try again; it polls then."""
    hub = current_app.extensions["live"]
    opened = hub.open(me, sessions.digest(me.session_token), _last_seen())
    if opened is None:
        return "", 204
    _drop_slow_readers()
    response = Response(opened.lines(), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: hub.leave(opened))
    return response


def _last_seen():
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdigit() and int(given) < ID_MAX else None


def _drop_slow_readers():
    """A browser that reads nothing for this long loses its stream; nobody else waits for it."""
    socket = request.environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(30)


def poll(me):
    """The same hints for a browser without a stream: tickets with news since the event it knows."""
    given = request.args.get("since", "")
    if not (given.isascii() and given.isdigit()) or int(given) >= ID_MAX:
        return jsonify(newest=news.newest(), tickets=[])
    found = news.tickets_since(me, int(given))
    if found is None:
        return jsonify(newest=news.newest(), reload=True)
    newest, tickets = found
    response = jsonify(newest=newest, tickets=tickets)
    response.set_etag(f"{newest}-{'-'.join(map(str, tickets))}")
    return response.make_conditional(request)
