"""Live news for open pages: the stream, and the poll where no stream can be had."""

from flask import Response, current_app, jsonify, request

from helpdesk.accounts import sessions
from helpdesk.live import feed
from web.live_cursors import sealed, unsealed


def stream(me):
    """Server-sent events: hints that tickets changed. 204 tells the browser not to try again; it polls then."""
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    hub = current_app.extensions["live"]
    # Without a mark the news begins now, also where this process has not read yet what was before.
    seen = unsealed(request.headers.get("Last-Event-ID") or request.args.get("since", "")) or feed.cursor()
    opened = hub.open(me, sessions.digest(me.session_token), seen, request.environ.get("gunicorn.socket"))
    if opened is None:
        return "", 204
    response = Response(opened.lines(), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: hub.leave(opened))
    return response


def poll(me):
    """The same hints for a browser without a stream. The ETag is its mark: 304 while nothing is to tell."""
    since = request.args.get("since", "")
    seen = unsealed(since)
    mark, tickets = feed.missed(me, seen) if seen else (feed.cursor(), None)
    # News for others does not show: the answer stays what it was.
    written = since if tickets == [] else sealed(mark)
    response = jsonify(mark=written, tickets=tickets or [], reload=tickets is None, bell=True)
    response.set_etag(written)
    return response.make_conditional(request)
