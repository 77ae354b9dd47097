"""A way to a database server that can be frozen: it takes connections and bytes, and passes nothing on."""

import selectors
import socket
import threading

from sqlalchemy import make_url

PORTS = {"mysql": 3306, "postgresql": 5432}


class Proxy:
    """`url` leads to the same database through this proxy. `opened` counts the connections that were made to it."""

    def __init__(self, database_url):
        self.target = make_url(database_url)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        port = self.listener.getsockname()[1]
        self.url = self.target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        self.frozen, self.over, self.opened, self.pairs = False, False, 0, {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def freeze(self):
        self.frozen = True

    def thaw(self):
        self.frozen = False

    def close(self):
        self.over = True
        self.thread.join(5)
        for line in (*self.pairs, self.listener):
            line.close()

    def _run(self):
        while not self.over:
            for key, _events in self.selector.select(0.02):
                if key.fileobj is self.listener:
                    self._accept()
                elif not self.frozen:
                    self._pass_on(key.fileobj)

    def _accept(self):
        client, _address = self.listener.accept()
        server = socket.create_connection((self.target.host, self.target.port or PORTS[self.target.get_backend_name()]))
        self.opened += 1
        self.pairs |= {client: server, server: client}
        for line in (client, server):
            self.selector.register(line, selectors.EVENT_READ)

    def _pass_on(self, line):
        other = self.pairs.get(line)
        if other is None:
            return
        try:
            data = line.recv(65536)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (line, other):
                self.selector.unregister(end)
                del self.pairs[end]
                end.close()
