"""Who has a picture drawn when: nobody's screenshot waits for a film, and nobody fills the queue alone."""

import io
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from helpdesk.attachments import image_queue, images
from helpdesk.attachments.image_queue import ImageQueue
from helpdesk.errors import TooMany
from tests.support import files

FILM, SCREENSHOT = 10.0, 0.5


@pytest.fixture
def queue(app):
    return ImageQueue()


@pytest.fixture
def holding():
    """Places and turns that are held until the test ends."""
    with ExitStack() as stack:
        yield stack.enter_context


def in_a_thread(act):
    """Run it and say when it has come through."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: (act(), done.set()), daemon=True)
    thread.start()
    return done


def take_turn(queue, seconds, order=None, name=None):
    with queue.turn(seconds):
        if order is not None:
            order.append(name)


def test_one_picture_of_a_person_is_drawn_one_waits_and_a_third_is_refused(queue, holding):
    for _number in range(image_queue.PER_PERSON):
        holding(queue.place(1))
    with pytest.raises(TooMany, match="Your other pictures are still being prepared. Try again in 5 seconds."):
        holding(queue.place(1))
    holding(queue.place(2))


def test_a_place_is_free_again_when_its_picture_is_done(queue):
    for _number in range(30):
        with queue.place(1), pytest.raises(TooMany), queue.place(1), queue.place(1):
            pass
    assert not queue._present


def test_a_screenshot_does_not_wait_for_a_film(queue, holding):
    holding(queue.turn(FILM))
    assert in_a_thread(lambda: take_turn(queue, SCREENSHOT)).wait(10)


def test_films_are_drawn_one_by_one_in_the_order_in_which_they_came(queue):
    order, waiting = [], []
    with queue.turn(FILM):
        for name in ("first", "second"):
            waiting.append(in_a_thread(lambda name=name: take_turn(queue, FILM, order, name)))
            while len(queue._slow) < len(waiting) + 1:
                time.sleep(0.002)
        assert order == []
    assert all(done.wait(10) for done in waiting)
    assert order == ["first", "second"]


def test_a_picture_that_would_wait_too_long_is_refused_and_told_when_to_come_again(queue, holding):
    holding(queue.turn(31.0))
    with pytest.raises(TooMany, match="Many pictures are being prepared at the moment. Try again in 31 seconds.") as no:
        holding(queue.turn(FILM))
    assert no.value.wait.total_seconds() == 31
    holding(queue.turn(SCREENSHOT))


def test_films_never_take_all_the_places(queue, holding):
    assert image_queue.MOST_SLOW < image_queue.PROGRAMS
    with queue.turn(2.5):
        waiting = [in_a_thread(lambda: take_turn(queue, 2.5)) for _number in range(image_queue.MOST_SLOW - 1)]
        while len(queue._slow) < image_queue.MOST_SLOW:
            time.sleep(0.002)
        with pytest.raises(TooMany):
            holding(queue.turn(2.5))
    assert all(done.wait(10) for done in waiting)


def test_the_queue_takes_so_many_and_no_more(queue, holding, monkeypatch):
    monkeypatch.setattr(queue, "_programs", threading.BoundedSemaphore(image_queue.MOST))
    for person in range(image_queue.MOST):
        holding(queue.place(person))
    with pytest.raises(TooMany, match="Many pictures are being prepared"):
        holding(queue.place(99))


# ---- what a picture takes


def measured(app, content):
    """The estimated seconds of this picture, found as for a real one."""
    found = []
    with files.real_files(content, b"", b"") as (source, target, small):
        try:
            images.redraw(source, target, small, budget=lambda seconds: (found.append(seconds), 1 / 0))
        except ZeroDivisionError:
            pass
    return found[0]


@pytest.mark.parametrize(
    "content, is_quick",
    [
        (lambda: files.picture(), True),
        (lambda: files.picture(3840, 2160), True),
        (lambda: files.picture(4000, 3000, "JPEG"), True),
        (lambda: files.moving_picture(), True),
        (lambda: files.film(), False),
        (lambda: files.film(frames=400, width=630, height=630), False),
        (lambda: files.bomb(7000, 7000), False),
    ],
)
def test_screenshots_and_photos_are_quick_and_films_are_not(app, content, is_quick):
    assert (measured(app, content()) <= image_queue.QUICK_SECONDS) is is_quick


def test_a_picture_that_its_sender_has_no_budget_for_is_not_drawn(app):
    def none_left(seconds):
        raise TooMany("No.", timedelta(minutes=1))

    with files.real_files(files.picture(), b"", b"") as (source, target, small):
        with pytest.raises(TooMany):
            images.redraw(source, target, small, budget=none_left)
        assert target.seek(0, io.SEEK_END) == 0
    assert not images.queue._present and not images.queue._quick
