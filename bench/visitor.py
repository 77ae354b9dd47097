"""One signed-in person on one kept-alive connection, as a browser would be."""

import html
import http.client
import re
import time
from urllib.parse import urlencode

from bench.fill import PASSWORD

HIDDEN = re.compile(r'name="(csrf_token|form_token|seen|was)"[^>]*? value="([^"]*)"')


class Visitor:
    """Not signed in where no address is given."""

    def __init__(self, port, email=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookie = ""
        if email:
            self.post("/login", self.hidden("/login") | {"email": email, "password": PASSWORD})

    def get(self, path):
        return self._ask("GET", path)

    def post(self, path, fields):
        status, page = self._ask("POST", path, urlencode(fields, doseq=True))
        assert status in (302, 303), f"{path} answered {status}: {page[:300]}"
        return status, page

    def hidden(self, path, action=""):
        """The hidden fields of the form with this action on a page, as a browser would send them."""
        status, page = self.get(path)
        assert status == 200, f"{path} answered {status}"
        form = page[page.index(f'action="{action}"') :] if action else page
        return {name: html.unescape(value) for name, value in HIDDEN.findall(form.partition("</form>")[0])}

    def _ask(self, method, path, body=None):
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or ():
            self.cookie = value.partition(";")[0]
        return answer.status, page


def timed(ask, *given):
    """Milliseconds until the whole answer is there."""
    began = time.perf_counter()
    status, page = ask(*given)
    assert status in (200, 302, 303), f"{given[0]} answered {status}: {page[:300]}"
    return (time.perf_counter() - began) * 1000
