"""The parts of `python run.py` as processes, with small commands in place of the desk's own."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

import config
import supervisor

ENDS = (sys.executable, "-c", "raise SystemExit(3)")
# Children that say who they are, under a parent that runs until it is killed.
PARENT = """
import supervisor
import sys

child = ("/bin/sh", "-c", "echo $$; exec sleep 300")
supervisor.supervise({"web": child, "worker": child}, lambda *_: None, has_parent_signal=%s)
"""


@pytest.fixture
def part():
    made = supervisor.Part("web", ENDS)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()


def test_a_part_that_ends_again_and_again_is_started_after_a_growing_wait(part):
    now, waits = 0.0, []
    for _ in range(9):
        assert part.watch(now) is None and part.process is not None
        part.process.wait()
        assert part.watch(now) == 3
        waits.append(part.due - now)
        assert part.watch(part.due - 0.1) is None and part.process is None, "not before it is due"
        now = part.due
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_after_it_has_run_well_the_wait_is_short_again(part):
    part.wait = 60
    part.watch(0.0)
    part.process.wait()
    part.watch(supervisor.RAN_WELL)
    assert part.due == supervisor.RAN_WELL + 1


def test_a_machine_without_room_for_a_process_is_asked_again_later(part):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert part.watch(0.0) is None and part.process is None and part.due == 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    part.watch(1.0)
    assert part.process.wait() == 3


def test_what_a_part_leaves_behind_is_told_to_end_and_then_ended(part):
    """As gunicorn's workers are, when gunicorn itself is killed."""
    part.command = ("/bin/sh", "-c", "trap '' TERM; sleep 300 & exit 1")
    part.watch(0.0)
    group = part.process.pid
    part.process.wait()
    assert part.watch(0.0) == 1
    part.due = float("inf")
    part.watch(supervisor.PATIENCE - 0.5)
    assert alive(-group), "it may serve its last pages"
    part.watch(supervisor.PATIENCE)
    until_gone(-group)
    assert not part.left_behind


@pytest.mark.parametrize("has_parent_signal", [True, False], ids=["by the system", "by a pipe"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_with_their_parent_however_it_ends(has_parent_signal, number):
    if has_parent_signal and sys.platform != "linux":
        pytest.skip("only Linux sends a signal when a parent is gone")
    program = (sys.executable, "-c", PARENT % has_parent_signal)
    parent = subprocess.Popen(program, cwd=config.HERE, stdout=subprocess.PIPE, text=True)
    against_hanging = threading.Timer(60, parent.kill)
    against_hanging.start()
    children = [int(parent.stdout.readline()) for _ in range(2)]
    assert all(map(alive, children))
    parent.send_signal(number)
    parent.wait()
    against_hanging.cancel()
    for child in children:
        until_gone(child)


def test_a_child_whose_parent_is_gone_before_it_begins_does_not_begin():
    done = subprocess.run(
        (sys.executable, supervisor.__file__, "follow", "1", sys.executable, "-c", "print('begun')"),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == ""


def alive(pid):
    """A negative number is a group of processes. Who has ended and is not yet collected counts as gone."""
    if pid < 0:
        return supervisor._signal_group(-pid, 0) and any(group_of(entry) == -pid for entry in os.listdir("/proc"))
    return state(pid)[:1] not in ("", "Z")


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2]
    except OSError:
        return ""


def group_of(entry):
    fields = state(entry).split() if entry.isdigit() else ()
    return int(fields[2]) if fields and fields[0] != "Z" else None


def until_gone(pid):
    end = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < end
        time.sleep(0.02)
