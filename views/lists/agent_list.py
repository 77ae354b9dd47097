"""What a list of agents shows: one of their views, or a query they typed. For triage, its export, and bulk changes."""

from functools import cached_property

from flask import url_for

from helpdesk.db import transactions
from helpdesk.lists import columns, filter_choices, saved_views, ticket_lists
from helpdesk.lists.sorting import SORTS
from helpdesk.query import language
from helpdesk.query.language import Query
from helpdesk.query.mistakes import Mistake
from helpdesk.search import search
from helpdesk.search.filters import SearchContext
from helpdesk.text import clean
from web.filters import zone


class ListRequest:
    """`args` name a `view` or a query `q`, a `sort`, `columns`, and as `mark` a page of the list.

    What means nothing is as good as left out.
    """

    def __init__(self, me, args, *, with_choices=True):
        self.me, self.choices = me, filter_choices.choices(me, whole=with_choices)
        self.views = saved_views.views_of(me, self.choices.views)
        self.known = language.known_to(agent=True, categories=[one.name for one in self.choices.filed])
        by_key = {view.key: view for view in self.views}
        self.view = None if "q" in args else by_key.get(args.get("view", "new"), by_key["all"])
        self.typed = clean(args["q"]) if self.view is None else self.view.query
        self.wanted, self.mistake = self._read(self.typed)
        sort = args.get("sort", self.view.sort if self.view else "activity")
        self.sort = sort if sort in SORTS else "activity"
        cursor = args.get("mark", "")
        self.cursor = cursor if SORTS[self.sort].read(cursor)[1] else ""
        self.picked = columns.read(",".join(args.getlist("columns")), self.sort)

    def _read(self, typed):
        try:
            return language.parse(typed, self.known), None
        except Mistake as mistake:
            return Query(), mistake

    @property
    def typed_number(self):
        """The number of a ticket, where nothing else was typed."""
        return self.wanted.number if self.view is None else None

    @property
    def address(self):
        """What the address of this list holds besides its order."""
        return {"q": self.typed} if self.view is None else {"view": self.view.key}

    @cached_property
    def columns(self):
        """As picked in the address, else as the view was saved, else as the person keeps them."""
        saved = self.view.columns if self.view else ""
        choices = (self.words, saved, columns.saved_words(self.me), columns.USUAL)
        return next(one for words in choices if (one := columns.read(words, self.sort)) is not None)

    @property
    def words(self):
        """What the address says of columns; None where it says nothing."""
        return columns.write(self.picked, self.sort)

    @property
    def usual(self):
        return columns.usual(self.sort)

    def at(self, shown):
        """The address of this page with these columns, whatever is kept for its list."""
        more = {"sort": self.sort, "columns": columns.write(shown, self.sort), "mark": self.cursor or None}
        return url_for("triage.triage", **self.address, **more)

    @property
    def name(self):
        """A word for the list in file names and in the records."""
        return "search" if self.view is None else self.view.key

    @cached_property
    def _found(self):
        return search.where(self.wanted, self._asker)

    @property
    def _asker(self):
        return SearchContext(self.me, zone(), transactions.now(), self.choices.filed)

    @property
    def is_standing(self):
        return self.view is not None and self.view.key in saved_views.STANDING

    @property
    def where(self):
        return ticket_lists.in_view(self.view.key, self.me) if self.is_standing else self._found[0]

    @property
    def is_whole(self):
        """Whether nothing that fits was left aside; of a common word only the newest tickets are looked at."""
        return self.is_standing or self._found[1]

    def page(self):
        if self.is_standing:
            return ticket_lists.listing(self.view.key, self.me, sort=self.sort, cursor=self.cursor)
        return ticket_lists.found(self.where, self.me, sort=self.sort, cursor=self.cursor)

    def counts(self):
        """For each view to be shown how many tickets it holds, and under "" for this list. In one query.

        A view that must look something up first is counted where it is opened; else its count is None, see `looked_up`.
        """
        shown, meant = self._others_shown, self._saved_queries
        standing = [view.key for view in shown if view.key in saved_views.STANDING]
        more = {key: search.where(one, self._asker)[0] for key, one in meant.items() if search.is_plain(one)}
        if self.is_standing:
            standing.append(self.view.key)
        else:
            more[""] = self.where
        counts = dict.fromkeys(meant) | ticket_lists.counts(self.me, standing, more)
        if self.is_standing:
            counts[""] = counts[self.view.key]
        elif self.view is not None and self.mistake is None:
            counts[self.view.key] = counts[""]
        return counts

    def looked_up(self):
        """The counts that `counts` leaves out. It asks for the words, names and tags of each view by themselves."""
        slow = {key: one for key, one in self._saved_queries.items() if not search.is_plain(one)}
        where = {key: search.where(one, self._asker)[0] for key, one in slow.items()}
        return ticket_lists.counts(self.me, [], where) if where else {}

    @property
    def _others_shown(self):
        return [view for view in self.views if not view.hidden and view is not self.view]

    @property
    def _saved_queries(self):
        """What the saved views among them look for, but for those whose query means nothing any more."""
        saved = {one.key: self._read(one.query) for one in self._others_shown if one.key not in saved_views.STANDING}
        return {key: wanted for key, (wanted, mistake) in saved.items() if mistake is None}
