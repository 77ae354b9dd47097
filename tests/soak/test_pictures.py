"""A flood of films, and pictures made to take long: what somebody else's screenshot waits meanwhile, with figures."""

import io
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageDraw

from helpdesk.attachments import images
from helpdesk.errors import Refused
from tests.support import files
from tests.support.browser import Browser
from tests.support.files import NEW, real_files

pytestmark = pytest.mark.soak

FILMS, SCREENSHOTS = 8, 12


def film():
    """199 million pixels in 500 frames, some 0.1 MB: ten seconds of work."""
    frames = []
    for number in range(500):
        frame = Image.new("RGB", (630, 630), (20, 30, 40))
        place = (number, 3 * number % 600)
        colour = (7 * number % 256, 5 * number % 256, 90)
        ImageDraw.Draw(frame).rectangle((*place, place[0] + 60, place[1] + 60), fill=colour)
        frames.append(frame)
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:], duration=50)
    return made.getvalue()


def scans(times=4000):
    """A progressive JPEG that says the same part of the picture thousands of times."""
    made = io.BytesIO()
    Image.new("RGB", (4000, 4000), (180, 40, 40)).save(made, "JPEG", progressive=True, quality=30)
    content = made.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * times + content[-2:]


def test_screenshots_are_taken_while_somebody_sends_films(app, cast):
    moving, still, took, found = film(), files.picture(1920, 1080), [], []
    adas, ben = [Browser(app).sign_in(cast.ada) for _number in range(FILMS)], Browser(app).sign_in(cast.ben)

    def send_film(number):
        with app.app_context():
            found.append(files.attach(adas[number], NEW, "film.gif", moving).status_code)

    with ThreadPoolExecutor(FILMS) as pool:
        sending = [pool.submit(send_film, number) for number in range(FILMS)]
        for _number in range(SCREENSHOTS):
            started = time.monotonic()
            assert files.attach(ben, NEW, "red.png", still).status_code == 201
            took.append(time.monotonic() - started)
            ben.post("/drafts/discard", {"path": NEW})
        for one in sending:
            one.result()
    assert found.count(201) == 2 and found.count(429) == FILMS - 2
    print(
        f"\n{time.strftime('%Y-%m-%d')}: {FILMS} films of {len(moving) // 1000} KB at once, {found.count(429)} refused."
    )
    print(f"A screenshot took {statistics.median(took):.1f} s, at most {max(took):.1f} s, meanwhile.")


def test_a_picture_made_to_take_long_is_given_up(app):
    content, started = scans(), time.monotonic()
    with real_files(content, b"", b"") as (source, target, small), pytest.raises(Refused, match="cannot be read"):
        images.redraw(source, target, small)
    print(f"\nA JPEG of {len(content) // 1000} KB was given up after {time.monotonic() - started:.1f} s.")
