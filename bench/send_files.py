"""Many uploads at once from a process of its own, which imports nothing of the desk: `send_files.py PORT BODY`.

Each line it is given is a cookie and a token. It says "ready", waits for a line, sends, and says the statuses.
"""

import http.client
import sys
import threading
import time
from pathlib import Path

BORDER = "----border"


def send(port, content, cookie, token, statuses):
    """As the page does it: where the desk has too much to do, again after the time it says."""
    status, pause = post(port, content, cookie, token)
    while status == 429:
        time.sleep(pause)
        status, pause = post(port, content, cookie, token)
    statuses.append(status)


def post(port, content, cookie, token):
    fields = {"csrf_token": token, "path": "/tickets/new"}
    parts = [
        f'--{BORDER}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n')
    head, tail = "".join(parts).encode(), f"\r\n--{BORDER}--\r\n".encode()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    line.putrequest("POST", "/files")
    line.putheader("Cookie", f"desk={cookie}")
    line.putheader("Content-Type", f"multipart/form-data; boundary={BORDER}")
    line.putheader("Content-Length", str(len(head) + len(content) + len(tail)))
    line.endheaders()
    for part in (head, content, tail):
        line.send(part)
    answer = line.getresponse()
    return answer.status, int(answer.getheader("Retry-After") or 0)


def main():
    port, content = int(sys.argv[1]), Path(sys.argv[2]).read_bytes()
    signed = [line.split() for line in iter(sys.stdin.readline, "\n")]
    statuses = []
    senders = [threading.Thread(target=send, args=(port, content, *one, statuses)) for one in signed]
    print("ready", flush=True)
    sys.stdin.readline()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    print(*statuses, flush=True)


if __name__ == "__main__":
    main()
