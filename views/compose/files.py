"""Files of tickets, and files that wait for their form to be sent."""

import logging
from functools import partial

from flask import Response, abort, current_app, jsonify, render_template, request
from flask_babel import gettext as _

from helpdesk.attachments import file_names, files
from helpdesk.errors import Refused, TooMany
from helpdesk.tickets import merged
from integrations.storage import places
from views.compose.drafts import written_in
from views.compose.uploads import take
from web import errors, throttle
from web.door import before_writing
from web.files import downloads
from web.pages import later

log = logging.getLogger("desk.files")


def show(ticket, file):
    return _send(file)


def small(ticket, file):
    return _send_small(file)


def every(ticket, me):
    """All files of the ticket that this person may see, as one zip."""
    found = files.seen_by(merged.with_merged(ticket), me)
    if not found:
        abort(404)
    names = file_names.different([file.name for file in found])
    try:
        packed = [(name, file.created_at, _bytes(file)) for name, file in zip(names, found)]
    except places.StorageUnavailable as trouble:
        return _not_there(found[0], trouble)
    return downloads.send_zip(packed, _("ticket-%(number)s-files.zip", number=ticket.id))


def _bytes(file):
    return _reader(file.place, file.key)(0, file.size)


def mine(upload):
    return _send(upload)


def mine_small(upload):
    return _send_small(upload)


def _send(file):
    options = {"name": file.name, "size": file.size, "mark": file.sha256, "shown": file.is_shown}
    return _sent(file, media_type=file.media_type, **options)


def _send_small(file):
    """A small picture is read to its end: its length is of no interest to anybody, so no row holds it."""
    if not file.is_shown:
        abort(404)
    try:
        data = b"".join(_reader(file.place, file.small_key)(0, SMALL_MAX))
    except (places.Missing, places.StorageUnavailable) as trouble:
        return _not_there(file, trouble)
    options = {"name": "small.webp", "size": len(data), "mark": f"{file.sha256}-small", "shown": True}
    return downloads.send(lambda start, stop: iter([data[start:stop]]), media_type="image/webp", **options)


SMALL_MAX = 4 * 1024 * 1024


def _sent(file, **options):
    try:
        return downloads.send(_reader(file.place, file.key), **options)
    except (places.Missing, places.StorageUnavailable) as trouble:
        return _not_there(file, trouble)


def _reader(place, key):
    """Bytes of a file, as of now: when they are read, the row may be gone and the database is not asked again."""
    where = places.at(place)
    return lambda start, stop: where.read(key, start, stop)


def _not_there(file, trouble):
    log.error("file %s cannot be read: %s", file.id, trouble)
    name = file_names.middle(file.name)
    advice = _("%(name)s cannot be read from where the files are kept. Try again in a few minutes.", name=name)
    return errors.page(503, _("This file cannot be opened just now"), advice)


# ---- before the form is sent


def _receive_one(me):
    """The one file of this request is kept for the form whose path is named."""
    if me is None:
        return {}
    path, part = request.form.get("path", ""), request.files.get("file")
    written_in(path, me)
    if part is None or not part.filename or not hasattr(part.stream, "wrong"):
        abort(422)
    try:
        return {"number": take(part, path, me), "refused": None}
    except Refused as no:
        return {"number": None, "refused": no}


@before_writing(_receive_one)
def upload(me, number, refused):
    """For scripts: the number of the file and its row for the list, or why it was not taken."""
    if refused is not None:
        return jsonify(why=str(refused)), _status(refused)
    file = next((file for file in files.of_form(me, request.form["path"]) if file.id == number), None)
    if file is None:
        abort(404)
    return later(partial(_row, file), 201, mimetype="application/json")


def _row(file):
    row = render_template("compose/_attached.html", file=file, ticked=True, alt="")
    return current_app.json.dumps({"file": file.id, "row": row})


def _status(refused):
    if isinstance(refused, TooMany):
        return throttle.status(refused)
    return 503 if isinstance(refused, files.Unavailable) else 422


def remove(upload, me):
    files.release(me, upload.path, [upload.id])
    return Response(status=204, mimetype="text/plain")
