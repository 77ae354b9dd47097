"""People at work on a served desk: lists, tickets, replies, searches, files, exports and streams, at a steady rate."""

import http.client
import random
import re
import secrets
import threading
from collections import Counter
from urllib.parse import quote, urlencode

from tests.support import files
from tests.support.cast import PASSWORD
from tests.support.servers.listener import Audience

BORDER = "----border"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HIDDEN = re.compile(r'name="(csrf_token|form_token|seen)"[^>]*? value="([^"]*)"')
VIEWS = ("unassigned", "mine", "new", "open", "pending", "resolved", "closed", "all")
SORTS = ("activity", "quiet", "newest", "age", "priority", "lowest")
STREAMS = 12
# How often each act is chosen, in relation to the others.
WEIGHTS = {
    "open_list": 25,
    "open_ticket": 25,
    "search": 15,
    "filter_list": 8,
    "raise_ticket": 4,
    "reply": 8,
    "upload": 3,
    "save_draft": 3,
    "listen": 3,
    "poll": 2,
    "export": 1,
    "sign_in": 0.5,
}


class Visitor:
    """One signed-in person. Each request has a connection of its own, so that all web processes get their share."""

    def __init__(self, port, email, is_agent, cookie):
        self.port, self.email, self.is_agent, self.cookie = port, email, is_agent, cookie

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, fields, **headers):
        return self.ask("POST", path, urlencode(fields), FORM | headers)

    def ask(self, method, path, body=None, headers=None):
        """Returns the status, the page and the target of a redirect."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Cookie": f"desk={self.cookie}"} | (headers or {}))
            answer = connection.getresponse()
            page = answer.read().decode(errors="replace")
            if fresh := re.search(r"desk=([^;]+)", answer.headers.get("Set-Cookie", "")):
                self.cookie = fresh.group(1)
            return answer.status, page, answer.headers.get("Location", "")
        finally:
            connection.close()

    def hidden(self, path):
        """The hidden fields of the first form on a page that has a form token, else of the page."""
        _status, page, _target = self.get(path)
        return dict(HIDDEN.findall(page))


class MixedLoad:
    """`answers` counts the statuses by act. The texts differ every time; the people, and so the load, do not."""

    def __init__(self, visitors, audience=None, rate=4.0, threads=4, seed=11):
        self.visitors, self.rate, self.dice = visitors, rate, random.Random(seed)
        self.answers, self.errors, self.over = Counter(), [], threading.Event()
        self.audience = audience or Audience()
        self.tickets = [1]
        self._lock = threading.Lock()
        self._turn = 0
        self._threads = [threading.Thread(target=self._run, args=(threads,), daemon=True) for _number in range(threads)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self.over.set()
        for thread in self._threads:
            thread.join(60)
        self.audience.close()

    def _run(self, threads):
        while not self.over.wait(self.dice.expovariate(self.rate / threads)):
            name = self.dice.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
            try:
                status = getattr(self, name)(self._next_visitor(name))
            except Exception as error:
                self.errors.append(f"{name}: {error!r}")
                continue
            self.answers[name, status] += 1

    def _next_visitor(self, act):
        """Everybody in turn, so that nobody does more than a person can."""
        with self._lock:
            while True:
                self._turn += 1
                visitor = self.visitors[self._turn % len(self.visitors)]
                if visitor.is_agent or act not in ("filter_list", "export"):
                    return visitor

    # ---- what people type

    def words(self, count):
        return " ".join(self._word() for _number in range(count))

    def _word(self):
        letters = "aeioubcdfghklmnprstvwäéß"
        return "".join(self.dice.choices(letters, k=self.dice.randint(2, 9)))

    def _text(self):
        """Some of them long, with a list, a link and a picture character."""
        lines = [self.words(self.dice.randint(4, 40)) for _number in range(self.dice.choice((1, 2, 3, 12, 60)))]
        return "\n\n".join([*lines, f"- **{self._word()}** 🖨", f"https://example.com/{self._word()}"])

    def _ticket(self):
        newest = len(self.tickets)
        return self.tickets[max(0, newest - 1 - int(self.dice.expovariate(1 / 60)))]

    # ---- acts; each returns the last status

    def open_list(self, visitor):
        paths = ["/tickets", "/tickets?show=finished", "/notifications", "/tickets/new", "/profile"]
        if visitor.is_agent:
            paths = ["/dashboard", "/notifications", *(f"/triage?view={view}" for view in VIEWS)]
        return visitor.get(self.dice.choice(paths))[0]

    def filter_list(self, visitor):
        sort, view = self.dice.choice(SORTS), self.dice.choice(VIEWS)
        return visitor.get(f"/triage?view={view}&sort={sort}&q={quote(self._query(visitor))}")[0]

    def open_ticket(self, visitor):
        number = self._ticket()
        if visitor.is_agent:
            visitor.get(f"/tickets/{number}/similar")
        return visitor.get(f"/tickets/{number}")[0]

    def search(self, visitor):
        query = quote(self._query(visitor))
        visitor.get(f"/search/completions?q={query}")
        return visitor.get(f"/search?q={query}")[0]

    def _query(self, visitor):
        known = ["status:open,new", "priority:high", "created:<7d", "updated:<2h", "has:file", "is:unassigned"]
        known += ["tag:vpn", "has:note", "-status:closed", "assignee:me"] if visitor.is_agent else []
        fields = self.dice.sample(known, self.dice.randint(0, 3))
        return " ".join([*fields, self.words(self.dice.randint(0 if fields else 1, 3)), f"requester:{self._word()}"])

    def raise_ticket(self, visitor):
        typed = {"subject": self.words(6), "description": self._text(), "type": "incident", "category": ""}
        visitor.get(f"/tickets/alike?subject={quote(typed['subject'])}")
        hidden = visitor.hidden("/tickets/new")
        status, _page, target = visitor.post("/tickets/new", hidden | typed | {"priority": "normal"})
        if status == 303:
            self.tickets.append(int(target.rpartition("/")[2]))
        return status

    def reply(self, visitor):
        number = self._ticket()
        hidden = visitor.hidden(f"/tickets/{number}")
        if "form_token" not in hidden:
            return 404  # Not their ticket.
        kind = self.dice.choice(("reply", "reply", "note")) if visitor.is_agent else "reply"
        return visitor.post(f"/tickets/{number}/{kind}", hidden | {"body": self._text()})[0]

    def upload(self, visitor):
        """A small picture on its way into the form of a new ticket, and given up again."""
        token = visitor.hidden("/tickets/new")["csrf_token"]
        picture = files.picture(
            self.dice.randint(40, 400), self.dice.randint(40, 300), self.dice.choice(("PNG", "JPEG"))
        )
        fields = {"csrf_token": token, "path": "/tickets/new"}
        parts = [f'--{BORDER}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        parts.append(
            f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="{self._word()}.png"\r\n\r\n'
        )
        body = "".join(parts).encode() + picture + f"\r\n--{BORDER}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BORDER}"}
        status = visitor.ask("POST", "/files", body, kind)[0]
        visitor.post("/drafts/discard", {"csrf_token": token, "path": "/tickets/new"})
        return status

    def save_draft(self, visitor):
        hidden = visitor.hidden("/tickets/new") | {"form_token": secrets.token_urlsafe(18)}
        return visitor.post("/drafts", hidden | {"path": "/tickets/new", "description": self._text()})[0]

    def poll(self, visitor):
        return visitor.get("/live/poll")[0]

    def export(self, visitor):
        form = self.dice.choice(("csv", "xlsx"))
        return visitor.get(f"/triage/export?view=all&format={form}")[0]

    def listen(self, visitor):
        """Open a stream; the oldest one closes where there are many."""
        with self._lock:
            self.audience.open(visitor.port, visitor.cookie)
            self.audience.wait(seconds=0.05)
            while len(self.audience.listeners) > STREAMS:
                self.audience.listeners.pop(0).close()
        return 200

    def sign_in(self, visitor):
        fresh = Visitor(visitor.port, visitor.email, visitor.is_agent, "")
        token = fresh.hidden("/login")["csrf_token"]
        status = fresh.post("/login", {"csrf_token": token, "email": fresh.email, "password": PASSWORD})[0]
        fresh.post("/logout", {"csrf_token": fresh.hidden("/profile").get("csrf_token", "")})
        return status
