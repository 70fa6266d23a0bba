from __future__ import annotations

import codecs
import json
import subprocess
import sys
from pathlib import Path

import pytest

from recto.errors import BadInput
from recto.intake.manifest import BadRow, ManifestRow, read_manifest
from recto.records import Book

HEADER = "book_id,front,back,title,authors,isbn,publisher,year,language,tags,shelf\n"


def rows_of(folder: Path, text: str | bytes, name: str = "manifest.csv") -> list[ManifestRow | BadRow]:
    data = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(data)
    return list(read_manifest(folder / name))


def good(row: ManifestRow | BadRow) -> ManifestRow:
    assert isinstance(row, ManifestRow), row
    return row


def reason(row: ManifestRow | BadRow) -> str:
    assert isinstance(row, BadRow), row
    assert row.reason.endswith(".")
    return row.reason


def test_a_full_row_of_csv(tmp_path: Path) -> None:
    line = 'b1,a.jpg|b.jpg,c/d.jpg,"Moby-Dick, or The Whale",'
    line += "Herman Melville|A. N. Other,978,Harper,1851,en,sea;whale,A 3\n"
    (row,) = rows_of(tmp_path, HEADER + line)
    book = Book(
        "b1",
        "Moby-Dick, or The Whale",
        ("Herman Melville", "A. N. Other"),
        "978",
        "Harper",
        1851,
        "en",
        ("sea", "whale"),
        {"shelf": "A 3"},
    )
    fronts = (tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert row == ManifestRow(2, book, fronts, (tmp_path / "c" / "d.jpg",))


def test_the_same_row_of_json_lines(tmp_path: Path) -> None:
    record = {
        "book_id": "b1", "front": ["a.jpg", "b.jpg"], "back": "c/d.jpg", "title": "T", "authors": ["X", "Y"],
        "isbn": 9780140437232, "year": 1851, "tags": "sea|whale", "pages": 635, "price": 9.5,
        "used": True, "none": None,
    }  # fmt: skip
    (row,) = rows_of(tmp_path, json.dumps(record) + "\n", "m.jsonl")
    book = good(row).book
    assert book.authors == ("X", "Y")
    assert book.isbn == "9780140437232"
    assert (book.year, book.tags) == (1851, ("sea", "whale"))
    assert book.extra == {"pages": 635, "price": 9.5, "used": True}
    assert good(row).fronts == (tmp_path / "a.jpg", tmp_path / "b.jpg")


def test_empty_cells_are_absent(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, HEADER + "b1,,,,,,,,,,\n")
    assert good(row) == ManifestRow(2, Book("b1"), (), ())


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_in_the_header(separator: str, tmp_path: Path) -> None:
    text = separator.join(["book_id", "title"]) + "\n" + separator.join(["b1", "A title"]) + "\n"
    (row,) = rows_of(tmp_path, text)
    assert good(row).book == Book("b1", "A title")


@pytest.mark.parametrize(
    ("cell", "authors"),
    [
        ("A|B", ("A", "B")),
        ("A;B", ("A", "B")),
        ("Doe; Jane | Roe; Rick", ("Doe; Jane", "Roe; Rick")),
        (" A  B | | A  B ", ("A B",)),
        ("", ()),
    ],
)
def test_authors_are_separated_by_bars_or_else_by_semicolons(
    cell: str, authors: tuple[str, ...], tmp_path: Path
) -> None:
    (row,) = rows_of(tmp_path, f'book_id,authors\nb1,"{cell}"\n')
    assert good(row).book.authors == authors


def test_columns_are_known_in_any_case_and_order(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, " Title ,BOOK_ID,Shelf\nT,b1,A\n")
    assert good(row).book == Book("b1", "T", extra={"Shelf": "A"})


def test_a_byte_order_mark_windows_line_ends_and_blank_lines(tmp_path: Path) -> None:
    text = codecs.BOM_UTF8 + "book_id,title\r\nb1,Größe\r\n\r\n , \r\nb2,T\r\n".encode()
    rows = [good(row) for row in rows_of(tmp_path, text)]
    assert [(row.line, row.book.book_id, row.book.title) for row in rows] == [
        (2, "b1", "Größe"),
        (5, "b2", "T"),
    ]


def test_a_quoted_line_break_is_one_row_and_lines_are_counted_on(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, 'book_id,title,note\nb1,"A\n  title","x\ny"\nb2,T,\n,T,\n')
    assert good(rows[0]).book == Book("b1", "A title", extra={"note": "x\ny"})
    assert (good(rows[1]).line, rows[2].line) == (5, 6)


def test_rows_may_end_early_but_not_late(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "book_id,title,year\nb1\nb2,T,1999,\nb3,T,1999,more\n")
    assert good(rows[0]).book == Book("b1")
    assert good(rows[1]).book == Book("b2", "T", year=1999)
    assert "4 cells, the header 3" in reason(rows[2])


def test_a_book_may_have_several_rows(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, "book_id,front,back\nb1,a.jpg,\nb1,,b.jpg\n")
    assert [(good(row).fronts != (), good(row).backs != ()) for row in rows] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("name", "book_id"),
    [
        ("covers/978_front.jpg", "978"),
        ("978_BACK.PNG", "978"),
        ("978.jpg", "978"),
        ("my book.v2.jpg", "my book.v2"),
        ("front.jpg", "front"),
    ],
)
def test_a_missing_book_id_comes_from_the_file_name(name: str, book_id: str, tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, f"front,title\n{name},T\n")
    assert good(row).book.book_id == book_id


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (",,,T,,,,,,,", "no book_id, and no file"),
        ("x" * 129 + ",,,,,,,,,,", "129 characters, and at most 128"),
        ("a\x07b,,,,,,,,,,", "control characters"),
        ("b1,,,,,,,nineteen,,,", "The year 'nineteen' is not a whole number"),
        ("b1,,,,,,,1999.5,,,", "The year '1999.5'"),
        ("b1,,,,,,,nan,,,", "The year 'nan'"),
        ("b1,,,,,,,inf,,,", "The year 'inf'"),
        ("b1,,,,,,,123456,,,", "from -9999 to 9999"),
        ("9.78014E+12,,,,,,,,,,", "spreadsheet has rounded"),
        ('b1,,,,,"9,78E+12",,,,,', "spreadsheet has rounded"),
        ("b1,,,T\x00,,,,,,,", "title has characters that are no text"),
        ("b1,,,,,,,,,,\x00", "shelf has characters that are no text"),
        ("b1,,," + "x" * 10_001 + ",,,,,,,", "title has 10,001 characters"),
        ("b1,../x.jpg,,,,,,,,,", "leads out of the folder"),
        ("b1,,a/../../x.jpg,,,,,,,,", "leads out of the folder"),
        ("b1,/etc/passwd,,,,,,,,,", "leads out of the folder"),
        ("b1,https://example.org/x.jpg,,,,,,,,,", "https:// addresses are not read"),
        ("b1,s3://bucket/x.jpg,,,,,,,,,", "not one that files may be taken from"),
        ("b1,http://169.254.169.254/x.jpg,,,,,,,,,", "http:// addresses are not read"),
        ("b1,file:///etc/passwd,,,,,,,,,", "file:// addresses are not read"),
        ("b1,a.jpg|../b.jpg,,,,,,,,,", "leads out of the folder"),
        ('b1,,,"T"x,,,,,,,', "not valid CSV"),
    ],
)
def test_a_row_that_cannot_be_used_is_said_and_the_next_one_is_read(
    cells: str, said: str, tmp_path: Path
) -> None:
    rows = rows_of(tmp_path, HEADER + cells + "\nb2,,,,,,,,,,\n")
    assert said in reason(rows[0])
    assert rows[0].line == 2
    assert good(rows[1]).book == Book("b2")


def test_a_quotation_mark_that_is_never_closed_costs_rows_but_not_the_manifest(tmp_path: Path) -> None:
    text = 'book_id,title\nb1,T\nb2,"open\n' + "".join(f"c{number},T\n" for number in range(60_000))
    rows = rows_of(tmp_path, text)
    assert good(rows[0]).book.book_id == "b1"
    assert "quotation mark that is not closed" in reason(rows[1])
    assert good(rows[-1]).book.book_id == "c59999"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not valid JSON"),
        ("[1]", "not a JSON object"),
        ('"b1"', "not a JSON object"),
        ("[" * 100_000, "not valid JSON"),
        ('{"book_id": "b1", "price": NaN}', "NaN is not a number of JSON"),
        ('{"book_id": "b1", "sizes": {"w": 1}}', "The column sizes holds a list or an object"),
        ('{"book_id": {"a": 1}}', "book_id must be a text"),
        ('{"book_id": true}', "book_id must be a text"),
        ('{"book_id": "b1", "front": [["a"]]}', "front must be a text"),
        ('{"book_id": "b1", "year": true}', "The year 'True'"),
        ('{"book_id": "b1", "year": [1999]}', "The year"),
        ('{"book_id": "b1", "year": 1' + "0" * 400 + "}", "The year"),
        ('{"book_id": "b1", "title": "\\ud800"}', "title has characters that are no text"),
        ('{"book_id": "b1", "front": "a\\u0000.jpg"}', "front has characters that are no text"),
        ("x" * 1_500_000, "longer than 1,048,576 characters"),
        ("{}", "no book_id"),
    ],
)
def test_a_bad_line_of_json_is_said_and_the_next_one_is_read(line: str, said: str, tmp_path: Path) -> None:
    rows = rows_of(tmp_path, line + '\n\n{"book_id": "b2"}', "m.jsonl")
    assert said in reason(rows[0])
    assert rows[1] == ManifestRow(3, Book("b2"), (), ())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        ("book_id,title\nb1,Gr\u00f6\u00dfe\n".encode("latin-1"), "is not UTF-8 near line 2"),
        (b"book_id\n" + b"b1\n" * 1_000_000 + b"\xff\n", "is not UTF-8 near line 1000002"),
        ("book_id,title\nb1,T\n".encode("utf-16"), "is UTF-16"),
        (b"book_id,title\nb1,\xc3", "is not UTF-8"),
        (b"id,name\n1,T\n", "does not name the columns"),
        (b'"book_id\n', "does not name the columns"),
        (b"book_id,title,Title\nb1,T,T\n", "names title more than once"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_before_its_first_row(
    data: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=said):
        read_manifest(path)


def test_a_source_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(b"x")
    for name, said in (("cover.jpg", "is no manifest"), ("absent.csv", "does not exist")):
        with pytest.raises(BadInput, match=said):
            read_manifest(tmp_path / name)


def test_a_long_manifest_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from recto.intake.manifest import read_manifest
rows = read_manifest(Path(sys.argv[1]))
for number, row in enumerate(rows):
    if number == 1000:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(number + 1, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    path = tmp_path / "m.csv"
    # A million lines; most are blank, so that the test takes a second or two.
    path.write_text("book_id,title,front\n" + ("\n" * 49 + "b1,The title of a book,a.jpg\n") * 20_000)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    count, grown_kilobytes = map(int, done.stdout.split())
    assert count == 20_000
    assert grown_kilobytes < 4_000


def test_reading_rows_needs_no_image_library(tmp_path: Path) -> None:
    program = (
        "import sys, recto.intake.manifest; print([name for name in ('PIL', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]"


def test_the_real_manifest_is_read_without_a_bad_row(bench: Path) -> None:
    rows = [good(row) for row in read_manifest(bench / "manifest.csv")]
    assert len(rows) == 1524
    assert all(Path(str(row.fronts[0])).is_file() for row in rows)
