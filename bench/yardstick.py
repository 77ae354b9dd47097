"""What the machine could do at most: a bare Flask page, and a bare one of fifty rows, with no database or sign-in."""

from types import SimpleNamespace

from flask import Flask, render_template

ROWS = [(number, f"Printer on floor {number} prints blank pages", "Ada Okafor", "open") for number in range(50)]
PAGE = """<!doctype html><html lang="en"><head><title>Fifty rows</title></head><body><table>
{% for number, subject, name, status in rows %}
<tr><td><a href="/tickets/{{ number }}">{{ subject }}</a></td><td>{{ name }}</td><td>{{ status }}</td></tr>
{% endfor %}
</table></body></html>"""


def create_app():
    app = Flask(__name__, static_folder=None)
    app.extensions["live"] = SimpleNamespace(stop=lambda: None)  # gunicorn.conf.py tells our streams to end.
    rows = app.jinja_env.from_string(PAGE)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    app.add_url_rule("/bare", "bare", lambda: "<!doctype html><title>Bare</title><p>Hello")
    app.add_url_rule("/rows", "rows", lambda: render_template(rows, rows=ROWS))
    return app
