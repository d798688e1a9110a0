"""Text tables as spreadsheets and programs write them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time

import numpy as np
import pandas as pd
import pytest

from alrl.data.data_set import DataSet
from alrl.errors import FooterWarning, GuessedLabelWarning, InvalidDataError


def plain(number):
    return f"{number / 2},{number % 7},{'xy'[number % 2]}"


TABLE = "a,b,class\n" + "".join(plain(number) + "\n" for number in range(30))
X = np.array([[number / 2, number % 7] for number in range(30)])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (TABLE.encode(), "own.csv"),
        (TABLE.replace("\n", "\r\n").encode(), "own.csv"),
        (TABLE.replace("\n", "\r").encode(), "own.csv"),
        (TABLE.encode("utf-8-sig"), "own.csv"),
        (TABLE.encode("utf-16"), "own.txt"),
        (TABLE.encode("utf-16-le"), "own.csv"),
        (TABLE.replace(",", "\t").encode(), "own.tsv"),
        (TABLE.replace(",", "|").encode(), "own.dat"),
        (("sep=;\n" + TABLE.replace(",", ";")).encode(), "own.csv"),
        (TABLE.replace(",", " , ").encode(), "own.csv"),
        (TABLE.replace("\n", ",\n").encode(), "own.csv"),
        (TABLE.replace("\n", "\n\n").encode(), "own.CSV"),
        (("Orders of 2024\n\n" + TABLE).encode(), "own.csv"),
        (TABLE.encode().replace(b"b,", b'"b",').replace(b"x", b'"x"'), "own.csv"),
        (bz2.compress(TABLE.encode()), "own.csv.bz2"),
        (lzma.compress(TABLE.encode()), "own.csv.xz"),
    ],
)
def test_the_same_table_is_read_however_it_is_written(own, content, name):
    data = DataSet.read(own(content, name))
    assert (data.name, data.feature_names, data.class_names) == ("own", ("a", "b"), ("x", "y"))
    assert np.array_equal(data.X, X)


def test_text_that_is_not_utf_8_is_taken_for_windows_1252(own):
    data = DataSet.read(own("größe,class\n1,ä\n2,ß\n", encoding="latin-1"))
    assert (data.feature_names, data.class_names) == (("größe",), ("ß", "ä"))
    assert "the text is in cp1252" in data.notes


@pytest.mark.parametrize(
    ("header", "record", "first"),
    [
        ("a;class", lambda i: f"{i}.{100 + i},5;{'xy'[i % 2]}", 100.5),
        ("a;class", lambda i: f"0,{185 + i};{'xy'[i % 2]}", 0.185),
        ("a,class", lambda i: f'"{i + 1},{100 + i}",{"xy"[i % 2]}', 1100.0),
        ("a,class", lambda i: f'"{i},{10 + i}",{"xy"[i % 2]}', 0.10),
        ("a;class", lambda i: f"{i + 1}\u202f{100 + i};{'xy'[i % 2]}", 1100.0),
        ("a,class", lambda i: f"{i + 3} %,{'xy'[i % 2]}", 3.0),
        ("a,class", lambda i: f"-$ {i + 3}.50,{'xy'[i % 2]}", -3.5),
        ("a,class", lambda i: f"{i + 1}e-10,{'xy'[i % 2]}", 1e-10),
        ("a;class", lambda i: f"1\u2019{100 + i}.5;{'xy'[i % 2]}", 1100.5),
        ("a,class", lambda i: f"{(f'({i + 1}.50)', i)[i % 2]},{'xy'[i % 2]}", -1.5),
        ("a;class", lambda i: f"{(f'(€ 1.{100 + i},50)', f'{i},25 €')[i % 2]};{'xy'[i % 2]}", -1100.5),
        ("a;class", lambda i: f"{i + 1},50-;{'xy'[i % 2]}\n{i},25;x", -1.5),
        ("a,class", lambda i: f"\u2212{i + 1}.5,{'xy'[i % 2]}", -1.5),
    ],
)
def test_numbers_of_many_writings_are_numbers(read, header, record, first):
    data = read(header, record)
    assert data.feature_names == ("a",)
    assert data.X[0, 0] == first


def test_a_point_groups_thousands_where_others_have_decimal_commas(read):
    data = read("a;b;class", lambda i: ";".join([f"{990 + i:,}".replace(",", "."), f"{i},5", "xy"[i % 2]]))
    assert data.X[[0, 9, 10], 0].tolist() == [990.0, 999.0, 1000.0]


def test_a_column_that_turns_out_otherwise_late_is_read_again(read):
    def late(number):
        return f"{number if number < 900 else chr(34) + f'1,{number:03d}' + chr(34)},{number % 7},{'xy'[number % 2]}"

    assert read("a,b,class", late, 1000).X[[0, 899, 900], 0].tolist() == [0.0, 899.0, 1900.0]


def test_words_among_many_numbers_are_missing_values(read):
    data = read("a,b,class", lambda i: f"{'broken' if i % 20 == 0 else i / 2},{i % 7},{'xy'[i % 2]}", 400)
    assert data.report.filled == {"a": 20}
    assert any("some text among them, which counts as missing: a" in note for note in data.notes)


def test_a_few_negative_amounts_of_accountants_are_no_missing_values(read):
    data = read("a,b,class", lambda i: f"{f'({i}.5)' if i % 20 == 3 else i / 2},{i % 7},{'xy'[i % 2]}", 400)
    assert data.report.filled == {}
    assert data.X[3, 0] == -3.5
    assert any("minus written as in (5)" in note for note in data.notes)


@pytest.mark.parametrize("words", [["(1)", "(2)", "(3)"], ["1", "2-", "3"], ["10-20", "20-30", "30"]])
def test_items_grades_and_ranges_are_no_negative_numbers(read, words):
    data = read("a,b,class", lambda i: f"{words[i % 3]},{i % 7},{'xy'[i % 2]}")
    assert data.feature_names[:3] == tuple(f"a = {word}" for word in words)


def test_a_delimiter_after_each_record_shifts_no_column(read):
    data = read("a;b;class", lambda i: f"{i / 2};{i % 7};{'xy'[i % 2]};")
    assert (data.feature_names, data.class_names, data.X[5].tolist()) == (("a", "b"), ("x", "y"), [2.5, 5.0])


def test_numbers_and_words_alike_are_categories(read):
    data = read("a,b,class", lambda i: f"{[1, 2, 'x', 'y z'][i % 4]},{i % 7},{'xy'[i % 2]}")
    assert data.feature_names == ("a = 1", "a = 2", "a = x", "a = y z", "b")


def test_digits_with_underscores_are_no_numbers(read):
    assert read("a,b,class", lambda i: f"1_{i % 3},{i % 7},{'xy'[i % 2]}").feature_names[0] == "a = 1_0"


def test_quoted_text_may_hold_delimiters_and_line_ends(read):
    data = read("a,b,class", lambda i: f'{i / 2},"line {i % 3}\nnext, ""{i % 3}""",{"xy"[i % 2]}')
    assert data.n_records == 30
    assert data.feature_names[1] == 'b = line 0\nnext, "0"'


@pytest.mark.parametrize(
    ("header", "record", "names"),
    [
        ("0,1,2", plain, ("0", "1")),
        ("400.5,401.5,kind", plain, ("400.5", "401.5")),
        (",u,class", lambda i: f"{i},{i % 5},{'xy'[i % 2]}", ("u",)),
        ('"a","class"', lambda i: f'"{i + 1}",{i % 5},"{"xy"[i % 2]}"', ("a",)),
        ("u,v,kind", lambda i: f"{'ab'[i % 2]},{'cd'[i % 2]},{'xy'[i % 2]}", ("u = b", "v = d")),
        ("größe,重さ,Art", plain, ("größe", "重さ")),
        ("a,a,class", plain, ("a", "a.1")),
    ],
)
@pytest.mark.filterwarnings("ignore::alrl.errors.GuessedLabelWarning")
def test_headers_of_many_kinds_are_headers(read, header, record, names):
    data = read(header, record)
    assert (data.n_records, data.feature_names) == (30, names)


@pytest.mark.parametrize(
    "record",
    [
        lambda i: f"{i / 2},{i % 7},{i % 3}",
        lambda i: f"{'ab'[i % 2]},{'cde'[i % 3]},{'xy'[i % 2]}",
        lambda i: f"{'NA' if i % 9 == 0 else i / 2},{i % 7},{'xy'[i % 2]}",
        lambda i: f"2024-01-{i % 28 + 1:02d},{i % 7},{'xy'[i % 2]}",
    ],
)
def test_files_without_a_header_are_told_from_others(own, record):
    text = "".join(record(number) + "\n" for number in range(40))
    with pytest.warns(GuessedLabelWarning):
        data = DataSet.read(own(text))
    assert (data.n_records, data.report.label) == (40, "column_3")


def test_it_can_be_said_whether_there_is_a_header(own):
    file = own("1,2,x\n3,4,y\n5,6,x\n")
    assert DataSet.read(file, header=False, label="column_3").n_records == 3
    assert DataSet.read(file, header=True, label="x").class_names == ("x", "y")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"own\.csv has no records: it is empty"),
        (" \n \n", r"own\.csv has no records: it is empty"),
        ("a,b,class\n", r"own\.csv has no records: only a header"),
        ("a\n1\n2\n", r"own\.csv has one column \('a'\); expected features and a class"),
        ("a,b\n1,x\n1,2,3\n", r"own\.csv, line 3: 3 values where there are 2 columns; mend it, or put quotes"),
        ("a,b,class\n1,2,x\n1,2\n3,4,y\n", r"own\.csv, line 3: 2 values where there are 3 columns"),
        ("a,class\n1,x\ninf,y\n", r"column 'a' of own holds values that are infinite"),
        ("a,class\n1,x\n1e200,y\n", r"column 'a' of own holds values that are larger than 1e\+150"),
        ("a,class\n5,x\n5,y\n", r"no column beside the label 'class' is a feature \('a': one value in every record\)"),
        (bytes(range(256)), r"own\.csv holds bytes that are no text"),
        (b"PK\x03\x04" + bytes(range(256)), r"own\.csv is a workbook or another archive, .* save the sheet as CSV"),
    ],
)
def test_what_is_no_table_is_refused(own, content, message):
    with pytest.raises(InvalidDataError, match=message):
        DataSet.read(own(content))


@pytest.mark.parametrize("name", ["own.csv.gz", "own.csv.bz2", "own.csv.xz"])
def test_a_damaged_compressed_file_is_refused(own, name):
    with pytest.raises(InvalidDataError, match="cannot be opened"):
        DataSet.read(own(b"no such thing", name))


def test_a_compressed_file_that_ends_early_is_refused(own):
    whole = gzip.compress((TABLE * 200).encode())
    with pytest.raises(InvalidDataError, match=r"own\.csv\.gz (is damaged|cannot be opened)"):
        DataSet.read(own(whole[:-20], "own.csv.gz"))


def test_time_grows_with_the_columns_and_not_with_their_square(own):
    def seconds(columns):
        row = ",".join(f"{number * 0.37:.3f}" for number in range(columns))
        other = ",".join(f"{number * 0.73 + 1:.3f}" for number in range(columns))
        file = own(",".join(f"f{number}" for number in range(columns)) + f",class\n{row},x\n{other},y\n")
        taken = []
        for _ in range(3):
            began = time.process_time()
            assert DataSet.read(file).n_features == columns
            taken.append(time.process_time() - began)
        return min(taken)

    seconds(100)
    # Quadratic time would be a hundredfold.
    assert seconds(20_000) < 50 * max(seconds(2_000), 0.01)


def test_a_quote_that_is_never_closed_is_refused_by_its_line(own):
    rows = "".join(f"{number},{number / 2},{'xy'[number % 2]}\n" for number in range(30))
    file = own("a,b,kind\n" + rows + '30,15,"x\n' + rows)
    with pytest.raises(
        InvalidDataError, match="line 32 opens a quote that nothing closes: 31 lines would be one record"
    ):
        DataSet.read(file)


def test_text_in_quotes_may_hold_lines_and_quotes(own):
    rows = "".join(f'{number},"a ""b""\nc",{"xy"[number % 2]}\n' for number in range(30))
    assert len(DataSet.read(own("a,note,kind\n" + rows), label="kind").y) == 30


@pytest.mark.parametrize("title", ["Orders of 2024,,", "Orders, late ones, too, 2024", "2024,,"])
def test_a_title_of_the_width_of_the_table_is_no_header(own, title):
    data = DataSet.read(own(title + "\n" + TABLE))
    assert (data.feature_names, len(data.y)) == (("a", "b"), 30)
    assert any("above the table" in note for note in data.notes)
    assert DataSet.read(own(title + "\n" + TABLE), label="class").feature_names == ("a", "b")


@pytest.mark.parametrize("above", ["region,,place", "cm,kg,kind", ",size,place"])
def test_a_header_above_records_stays_one_whatever_its_cells(own, above):
    rows = "".join(f"{'pq'[number % 2]},{number},{'xyz'[number % 3]}\n" for number in range(12))
    data = DataSet.read(own(f"{above}\n{rows}"), label=2)
    assert len(data.y) == 12


@pytest.mark.parametrize(
    ("row", "warned"),
    [("Total,15,", True), ("sum:,15,x", True), ("Source: the shop,,", True), (",4,y", False), ("15.0,4,", False)],
)
def test_a_last_line_that_looks_like_a_total_is_warned_of(own, row, warned, recwarn):
    DataSet.read(own(f"{TABLE}{row}\n"), label="class")
    assert [each.category for each in recwarn] == [FooterWarning] * warned


def test_a_last_line_of_one_cell_is_warned_of_in_files_and_frames(own):
    rows = [[f"c{number}", number, 2 * number, "xy"[number % 2]] for number in range(10)]
    rows.append(["source: shop", None, None, None])
    frame = pd.DataFrame(rows, columns=["id", "a", "b", "class"])
    with pytest.warns(FooterWarning, match=r"data: its last record .'source: shop'. looks like a total or a note"):
        DataSet.read(frame)
    with pytest.warns(FooterWarning, match=r"own.csv: its last record"):
        DataSet.read(own(frame.to_csv(index=False)), label="class")
