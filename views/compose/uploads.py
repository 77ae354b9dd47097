"""Files on their way into a form: taken in before it is looked at, shown with it, sent or given up with it."""

import re
from dataclasses import dataclass, field

from flask import current_app, request

from helpdesk.attachments import file_names, files
from helpdesk.errors import Refused, TooMany
from integrations.files import incoming, intake
from views.compose.drafts import is_sent, written_in
from web import resubmission, throttle
from web.callers import signed_in


@dataclass
class ReceivedFiles:
    """What came with a form: the files that were kept for it, and why others were not."""

    kept: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    unavailable: bool = False
    too_many: TooMany | None = None


def receive():
    """Keep the files of this form for it. They stay if the form is not accepted: nobody chooses them twice."""
    came = ReceivedFiles()
    sent = [part for part in request.files.getlist("files") if part.filename]
    me = signed_in() if sent else None
    if me is None or is_sent(resubmission.pages()[0], me):
        return {"came": came}
    written_in(request.path, me)
    if any(part.stream.wrong == "many" for part in sent if hasattr(part.stream, "wrong")):
        came.refused.append(files.too_many(current_app.config["MAX_FILES"]))
        return {"came": came}
    for part in sent:
        try:
            came.kept.append(take(part, request.path, me))
        except TooMany as no:
            came.refused.append(str(no))
            came.too_many = no
            break  # The rest would be refused too.
        except Refused as no:
            came.refused.append(str(no))
            came.unavailable |= isinstance(no, files.Unavailable)
    return {"came": came}


def take(part, path, me):
    """One file, kept for the form that posts to `path`. Returns its number. Raises Refused."""
    files.refuse_many(me, path, most=current_app.config["MAX_FILES"])
    _refuse_broken(part)
    budget = throttle.taker(me, throttle.PICTURES)
    return incoming.keep(part.stream.file, part.filename, person=me, path=path, budget=budget)


def _refuse_broken(part):
    name, stream = file_names.middle(file_names.clean(part.filename)), part.stream
    if stream.wrong == "large":
        raise incoming.too_large(part.filename, stream.most)
    if stream.wrong == "full":
        raise files.Unavailable(intake.no_room(name))
    if stream.wrong == "away":
        raise files.Unavailable(intake.not_now(name))


# ---- with the form


def valid(form, came):
    """Whether the form can be sent, its files included."""
    good = form.validate_on_submit()
    if came is not None and came.refused:
        form.refuse(" ".join(came.refused), "files")
        return False
    return good


def status(came):
    if came is not None and came.too_many:
        return throttle.status(came.too_many)
    return 503 if came is not None and came.unavailable else 422


def chosen(form, me, came):
    """The files to send with the form, described as was typed. Raises Refused where one is not there any more."""
    numbers = {*_numbers("file"), *came.kept}
    if not numbers or is_sent(form.token, me):
        return []
    found = files.chosen(me, request.path, numbers, most=current_app.config["MAX_FILES"])
    for file in found:
        if (alt := request.form.get(f"alt-{file.id}")) is not None:
            files.describe(file, alt)
    return found


def settle(me, came):
    """The form is sent: what it showed and was not chosen is given up. What another window added since stays."""
    if shown := {*_numbers("shown"), *came.kept}:
        files.release(me, request.path, shown)


def _numbers(name):
    return {int(value) for value in request.form.getlist(name) if re.fullmatch("[1-9][0-9]{0,8}", value)}


def show(forms, added):
    """Let each form, by the path it posts to, show the files `added` to it, as ticked and described so far."""
    for path, form in forms.items():
        unticked = _numbers("shown") - _numbers("file") if request.path == path else set()
        typed = form.draft.fields if form.draft else request.form
        form.attached = [(file, file.id not in unticked, typed.get(f"alt-{file.id}", file.alt)) for file in added[path]]
