"""What admins set for the whole desk: the categories."""

from functools import partial

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from helpdesk.errors import Refused
from helpdesk.tickets import categories as acts
from views.admin import forms
from web.pages import later


def categories(me):
    form = forms.CategoryForm()
    if form.validate_on_submit():
        try:
            acts.add(form.name.data, by=me)
        except Refused as no:
            form.refuse(no, "name")
        else:
            flash(_("%(name)s is added.", name=form.name.data))
            return _back()
    return later(partial(_page, form), 422 if form.is_submitted() else 200)


def _page(form, wrong=None):
    return render_template("admin/categories.html", form=form, wrong=wrong, every=acts.every())


def _back():
    return redirect(url_for("settings.categories"), 303)


def rename_category(category, me):
    form = forms.CategoryForm()
    if form.validate_on_submit():
        try:
            acts.rename(category, form.name.data, by=me)
        except Refused as no:
            form.refuse(no, "name")
        else:
            flash(_("The category is now called %(name)s.", name=form.name.data))
            return _back()
    return later(partial(_page, forms.CategoryForm(formdata=None), wrong=(category, form)), 422)


def move_category(category, me):
    form = forms.MoveForm()
    if form.validate_on_submit():
        acts.move(category, up=form.direction.data == "up", by=me)
    return _back()


def retire_category(category, me):
    acts.retire(category, by=me)
    flash(_("%(name)s is no longer offered. It stays on the tickets that have it.", name=category.name))
    return _back()


def bring_back_category(category, me):
    acts.bring_back(category, by=me)
    flash(_("%(name)s is offered again.", name=category.name))
    return _back()
