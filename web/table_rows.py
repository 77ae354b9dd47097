"""The rows of a list. Most of its time would go into them, so each is written once for all who see it like that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from web.filters import rows_on_page, when
from web.fragment_cache import FragmentCache

ROW = "tickets/_row.html"


def listed(rows: Iterable[Any], whose: str, columns: tuple[str, ...], picks: bool, ticked: Any = None) -> Markup:
    """Rows as table rows, to be picked where there are `picks`. Those an open page has as they are are only placed."""
    env, has = current_app.jinja_env, rows_on_page()
    kept: Any = env.extensions[FragmentCache.identifier]
    write = env.get_template(ROW).render
    activity, created = "activity" in columns, "created" in columns
    texts = []
    for row in rows:
        if row.id in has:
            texts.append(f'<tr data-ticket="{row.id}" data-kept></tr>\n')
            continue
        at = when(row.changed_at if activity else row.created_at) if activity or created else ""
        raised = when(row.created_at) if activity and created else ""
        values = {"row": row, "at": at, "raised": raised, "whose": whose, "columns": columns, "picks": picks}
        values["ticked"] = ticked is not None and row.id in ticked
        # As a key the row would keep the description of its whole query in memory.
        key = (tuple(row), at, raised, whose, columns, picks, values["ticked"])
        texts.append(kept.text(ROW, key, (), partial(write, values)))
    return Markup("".join(texts))


def set_up(app: Flask) -> None:
    app.add_template_global(listed)
