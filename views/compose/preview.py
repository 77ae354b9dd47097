"""How a text that is being written will look, by the renderer that shows it when it is sent."""

from flask import Response, abort, jsonify, request

from helpdesk.choices import BODY_MAX
from helpdesk.errors import TooMany
from helpdesk.markup import markdown
from helpdesk.text import clean
from web import throttle
from web.door import before_writing


def _render(me):
    """Done before the turn to write, which a preview does not need."""
    text = clean(request.form.get("text", ""))
    if me is None or len(text) > BODY_MAX:
        return {"html": None}
    try:
        throttle.take(me, throttle.DRAFTS)
    except TooMany as no:
        abort(Response(str(no), status=throttle.status(no), mimetype="text/plain"))
    return {"html": markdown.to_html(text)}


@before_writing(_render)
def show(html):
    return jsonify(html=html) if html is not None else abort(413)
