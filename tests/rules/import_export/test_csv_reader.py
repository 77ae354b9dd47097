"""CSV rows: a broken one is named by its line, and every other row is read."""

import csv
import io
import random

import pytest

from helpdesk.import_export.reading.csv_reader import Broken, Reader, Record


def read(text, columns=4, separator=","):
    return list(Reader(text.splitlines(keepends=True), separator, columns=columns))


def cells(found):
    return [record.cells for record in found if isinstance(record, Record)]


SECOND = ["P-2", "Two", "Hardware", "fine"]
BROKEN = {
    "the last cell is never closed": ('P-1,One,Hardware,"dark\nP-2,Two,Hardware,fine\n', "open"),
    "another cell is never closed": ('P-1,One,"Hardware,dark\nP-2,Two,Hardware,fine\n', "open"),
    "marks are escaped by backslashes": (
        'P-1,One,Hardware,"He said \\"no\\" twice"\nP-2,Two,Hardware,fine\n',
        "stray",
    ),
    "a lost mark pairs with the end of a later row": (
        'P-1,One,Hardware,"dark\nP-2,Two,Hardware,fine\nP-3,Three,Hardware,fine"\n',
        "rows",
    ),
    "a lost mark pairs with the first mark of a later row": (
        'P-1,One,Hardware,"dark\nP-2,Two,Hardware,fine\nP-3,",x",Hardware,fine\n',
        "rows",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_named_and_the_next_one_is_read(what):
    text, why = BROKEN[what]
    first, second, *_more = read(text)
    assert (first.line, first.opened, first.why) == (1, 1, why)
    assert second == Record(2, SECOND)


def test_a_cell_of_several_lines_with_doubled_marks_and_separators_is_read_whole():
    text = '"P-1","One, and","Hard\n""ware""","a\n""P-2"",""b"",""c"",""d""\n"\n"P-2","Two","Hardware","fine"\n'
    assert read(text) == [
        Record(1, ["P-1", "One, and", 'Hard\n"ware"', 'a\n"P-2","b","c","d"\n']),
        Record(5, SECOND),
    ]


def test_a_description_that_lists_things_is_no_lost_row():
    text = 'P-1,One,Hardware,"Bring:\n1, a cable\n2, a mouse, a pad, thanks\nP-9 is like it"\nP-2,Two,Hardware,fine\n'
    assert [type(record) for record in read(text)] == [Record, Record]


def test_empty_rows_are_passed_over_and_blanks_behind_a_closing_mark_do_no_harm():
    assert read('P-1,a,b,"x"  \n\n,,,\nP-2,"",,d') == [
        Record(1, ["P-1", "a", "b", "x"]),
        Record(4, ["P-2", "", "", "d"]),
    ]


@pytest.mark.parametrize("text", ['P-1,a,b,"x ""\n', 'a,"b"c\n', '"\n', 'P-1,a,b,"\n', '""""\n', 'a,""b\n'])
def test_twice_the_broken_lines_are_at_most_twice_the_searches(text, monkeypatch):
    """A mark that is never closed is not looked for again from every line behind it."""

    def searched(count):
        found = [0]

        class Counting(Reader):
            def _take(self):
                found[0] += 1
                return super()._take()

        list(Counting([text] * count, ",", columns=4))
        return found[0]

    assert searched(4000) <= 2.5 * searched(2000)


def whole_file(chance, rows=12):
    """A file of tickets as spreadsheets write it, with texts of every kind."""
    texts = ["plain", "with, comma", 'says "no"', "two\nlines", "; and | and \t", "", "'=1+1", "ends\n", "O'Neil"]
    written = io.StringIO()
    table = csv.writer(written, quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), lineterminator="\n")
    made = [[f"P-{n}", chance.choice(texts) or "x", "Hardware", chance.choice(texts)] for n in range(rows)]
    table.writerows(made)
    return made, written.getvalue()


def damaged(text, chance):
    place = chance.randrange(len(text))
    return chance.choice(
        [
            text[:place] + '"' + text[place:],
            text[:place] + text[place + 1 :],
            text[:place] + "\n" + text[place:],
            text[:place],
        ]
    )


def test_what_is_whole_is_read_as_the_standard_library_reads_it():
    for seed in range(100):
        made, text = whole_file(random.Random(seed))
        assert cells(read(text)) == made, seed


@pytest.mark.parametrize("seeds", [range(500)], ids=["500 files"])
def test_a_file_broken_in_one_place_loses_no_row_in_silence(seeds):
    """Each row that was there is read as it was, or a row is named at or before its place."""
    for seed in seeds:
        chance = random.Random(seed)
        made, text = whole_file(chance)
        broken = damaged(text, chance)
        found = read(broken)
        intact = {tuple(row) for row in cells(found)}
        lost = [row for row in made if tuple(row) not in intact]
        odd = [r for r in found if isinstance(r, Broken) or len(r.cells) != 4 or list(r.cells) not in made]
        if broken.count("P-") == text.count("P-"):
            assert not lost or odd, (seed, lost)
            assert len(lost) <= max(1, sum(isinstance(r, Broken) for r in found) + 2), (seed, lost)
