"""Importing tickets in the browser: a file is brought, looked at, corrected, tried, imported, and taken back."""

import hashlib
import logging
from dataclasses import dataclass, field
from functools import partial

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.attachments import file_names
from helpdesk.attachments.files import Unavailable
from helpdesk.db import transactions
from helpdesk.disk.disk_space import MEGABYTE
from helpdesk.errors import Refused
from helpdesk.import_export import file_check, import_jobs
from helpdesk.import_export.import_file import MOST_BYTES, MOST_ROWS
from helpdesk.import_export.import_rows import CHANGES
from helpdesk.import_export.reading import columns
from helpdesk.operations import background_jobs
from integrations.files import intake
from integrations.storage import places
from views.admin import import_answers
from web import errors
from web.door import before_writing
from web.files import downloads
from web.pages import later

log = logging.getLogger("desk.import")


# ---- bringing a file


@dataclass
class Received:
    """What came with the form: the files as they lie now, and what is wrong, by field."""

    files: dict = field(default_factory=dict)
    wrong: dict = field(default_factory=dict)
    status: int = 422

    def give_up(self):
        for taken in self.files.values():
            intake.forget(taken.place, taken.key)


def _receive(me):
    received = Received()
    if me is None or not me.is_admin:
        return {"received": received}
    for name in ("file", "replies"):
        part = request.files.get(name)
        if part is None or not part.filename:
            continue
        try:
            received.files[name] = _take(part)
        except Refused as no:
            received.wrong[name] = str(no)
            received.status = 503 if isinstance(no, Unavailable) else 422
    if not {*received.files, *received.wrong} & {"file"}:
        received.wrong["file"] = _("Choose a file first.")
    if received.wrong:
        received.give_up()
    return {"received": received}


def _take(part):
    name, stream = file_names.middle(file_names.clean(part.filename)), part.stream
    wrong = getattr(stream, "wrong", "away")
    if wrong == "large":
        most = current_app.config["MAX_IMPORT_MB"]
        raise Refused(_("%(name)s is too large. An import takes at most %(most)s MB at a time.", name=name, most=most))
    if wrong:
        raise Unavailable(intake.no_room(name) if wrong == "full" else intake.not_now(name))
    transactions.rollback()  # It may take a while: meanwhile no line to the database is held.
    file_check.refuse_no_table(stream.file, name)
    return intake.take_table(stream.file, part.filename)


@before_writing(_receive)
def upload(me, received):
    if received.wrong:
        return later(partial(_list, me, received.wrong), received.status)
    file, replies = received.files["file"], received.files.get("replies")
    both = "".join(taken.sha256 for taken in (file, replies) if taken)
    brought = import_jobs.Upload(
        file.name, file.place, file.key, replies.key if replies else None, hashlib.sha256(both.encode()).hexdigest()
    )
    try:
        job, is_new = import_jobs.begin(brought, import_answers.first_answers(me), by=me)
    except Refused as no:
        received.give_up()
        return later(partial(_list, me, {"file": str(no)}), 409)
    if not is_new:
        received.give_up()
        flash(_("This file is here already and waits to be imported."))
    return redirect(url_for("imports.show", import_job=job), 303)


# ---- the pages


def imports(me):
    return later(partial(_list, me, {}))


def _list(me, wrong):
    like = import_answers.like(me)
    return render_template(
        "admin/imports/imports.html",
        jobs=import_jobs.every(),
        states=import_jobs.STATES,
        systems=import_answers.systems(),
        system=request.form.get("system", ((like.answers or {}).get("system", "") if like else "")),
        like=like,
        wrong=wrong,
        limits={"mb": current_app.config["MAX_IMPORT_MB"], "unpacked": MOST_BYTES // MEGABYTE, "rows": MOST_ROWS},
    )


def show(import_job):
    return _show(import_job)


def _show(job, status=200, refusal=None):
    return later(partial(_page, job, refusal), status)


def _page(job, refusal):
    found = job.findings or {}
    return render_template(
        "admin/imports/show.html",
        job=job,
        state=import_jobs.STATES[job.state],
        running=job.state in import_jobs.RUNNING,
        no_worker=job.state in import_jobs.RUNNING and not background_jobs.any_running(transactions.now()),
        found=found,
        report=job.report or {},
        answers=job.answers or {},
        systems=import_answers.systems(),
        encodings=[(name, name) for name in import_answers.ENCODINGS],
        labels={"": _("Not imported")} | columns.LABELS,
        missing=[columns.LABELS[name] for name in found.get("missing", [])],
        values=import_answers.values(job),
        meanings=import_answers.MEANINGS,
        days=import_answers.days(found),
        changes=CHANGES,
        can_start=import_jobs.can_start(job),
        can_take_back=import_jobs.can_take_back(job),
        refusal=refusal,
    )


# ---- acts


def correct(import_job):
    return _act(
        import_job,
        lambda: import_jobs.correct(import_job, import_answers.corrected(import_job), version=import_answers.version()),
    )


def start(import_job):
    return _act(import_job, lambda: import_jobs.start(import_job, version=import_answers.version()))


def cancel(import_job):
    return _act(
        import_job,
        lambda: import_jobs.cancel(import_job),
        _("Cancelled. What was imported so far is here, and can be taken back."),
    )


def discard(import_job):
    name = file_names.middle(import_job.file_name)
    return _act(
        import_job,
        lambda: import_jobs.discard(import_job),
        _("%(name)s is discarded. Nothing was imported from it.", name=name),
        url_for("imports.imports"),
    )


def ask_take_back(import_job):
    if not import_jobs.can_take_back(import_job):
        return redirect(url_for("imports.show", import_job=import_job), 303)
    return later(partial(render_template, "admin/imports/take_back.html", job=import_job))


def take_back(import_job, me):
    return _act(import_job, lambda: import_jobs.take_back(import_job, by=me))


def _act(job, act, said=None, back=None):
    try:
        act()
    except Refused as no:
        transactions.rollback()
        return _show(job, 409, str(no))
    if said:
        flash(said)
    return redirect(back or url_for("imports.show", import_job=job), 303)


# ---- the rows left out


def left_out(import_job):
    """The file as the worker wrote it. Its rows are what somebody else wrote: it is saved, never shown."""
    if not import_job.left_out_key:
        abort(404)
    stored, key = import_job.report["left_out_file"], import_job.left_out_key
    name = _("left-out-of-import-%(number)d.csv", number=import_job.id)
    options = {"name": name, "media_type": "text/csv; charset=utf-8", "size": stored["size"], "mark": stored["sha256"]}
    try:
        where = places.at(import_job.place)
        return downloads.send(lambda begin, end: where.read(key, begin, end), **options)
    except (places.Missing, places.StorageUnavailable) as trouble:
        log.error("the rows left out of import %s cannot be read: %s", import_job.id, trouble)
        advice = _("It cannot be read from where the files are kept. Try again in a few minutes.")
        return errors.page(503, _("This file cannot be opened just now"), advice)
