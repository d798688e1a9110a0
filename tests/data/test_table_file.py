"""A user's own files: what is read, and the words for what is not."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.data.table_file import read_csv, read_npz
from alrl.errors import InvalidDataError


@pytest.fixture
def written(tmp_path):
    def write(text, name="own.csv", encoding="utf-8"):
        file = tmp_path / name
        file.write_bytes(text.encode(encoding))
        return file

    return write


def test_the_last_column_is_the_class_and_categories_are_encoded(written):
    data = read_csv(written("size, colour, kind\n1.5, red, a\n2, blue, b\n\n3,red,a\n"))
    assert data.X.tolist() == [[1.5, 0.0, 1.0], [2.0, 1.0, 0.0], [3.0, 0.0, 1.0]]
    assert (data.name, data.class_names, data.y.tolist()) == ("own", ("a", "b"), [0, 1, 0])
    assert data.notes == ("column 'colour': one-hot encoded into 2 columns",)


def test_another_column_may_be_the_class(written):
    data = read_csv(written("kind,size\nb,1\na,2\n"), label="kind")
    assert (data.X.tolist(), data.class_names, data.y.tolist()) == ([[1.0], [2.0]], ("a", "b"), [1, 0])


def test_classes_that_are_numbers_keep_their_order(written):
    data = read_csv(written("size,kind\n1,10\n2,9\n3,-1\n"))
    assert (data.class_names, data.y.tolist()) == (("-1", "9", "10"), [2, 1, 0])


def test_quotes_and_a_byte_order_mark_are_understood(written):
    data = read_csv(written('size,kind\n1,"a, b"\n2,c\n', encoding="utf-8-sig"), label="size")
    assert data.class_names == ("1", "2")
    assert data.X.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_file_named_as_a_known_set_is_of_its_family(written):
    assert read_csv(written("size,kind\n1,a\n2,b\n", name="optdigits.csv")).origin == ("digits",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"own\.csv has no records; expected a header line and one line a record"),
        ("a,b\n", r"own\.csv has no records"),
        ("a\n1\n", r"own\.csv has one column \('a'\); expected comma-separated"),
        ("a;b\n1;2\n", r"own\.csv has one column \('a;b'\)"),
        ("a,b\n1,x\n1,2,3\n", r"own\.csv, line 3: 3 values where the header names 2 columns"),
        ("a,b,kind\n1,,x\n?,2,y\n,1,x\n", r"missing values in 2 columns: a \(2\), b \(1\); impute them .* or drop"),
        ("a,kind\n1,x\n2,\n", r"missing values in 1 columns: kind \(1\)"),
        ("a,kind\n1,x\n2,x\n", r"y holds one class only"),
        ("a,price\n1,2.5\n2,3.5\n", r"y holds numbers that are not whole, as in regression"),
        ("a,b,a,b,kind\n1,1,1,1,x\n", r"own\.csv has several columns named \['a', 'b'\]; give each a name of its own"),
        ("a,kind\n1,x\ninf,y\n", r"X holds 1 values that are NaN or infinite"),
        (
            "id,kind\n" + "".join(f"n{i},{i % 2}\n" for i in range(31)),
            r"column 'id' is text with 31 different values, more than the 30 .*remove it if it is an identifier",
        ),
    ],
)
def test_tables_that_cannot_be_used_are_refused(written, text, message):
    with pytest.raises(InvalidDataError, match=message):
        read_csv(written(text))


def test_an_unknown_label_names_the_nearest(written):
    with pytest.raises(InvalidDataError, match=r'own\.csv: unknown label column "kinds"; did you mean "kind"\?'):
        read_csv(written("kind,size\nb,1\na,2\n"), label="kinds")


def test_text_that_is_not_utf_8_is_refused(written):
    with pytest.raises(InvalidDataError, match=r"own\.csv is no CSV text in UTF-8"):
        read_csv(written("größe,art\n1,a\n2,b\n", encoding="latin-1"))


def test_an_archive_gives_its_arrays(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.array([[1, 2], [3, 4]]), y=np.array(["b", "a"]))
    data = read_npz(tmp_path / "own.npz")
    assert (data.name, data.X.tolist(), data.class_names, data.y.tolist()) == (
        "own",
        [[1, 2], [3, 4]],
        ("a", "b"),
        [1, 0],
    )


def test_an_archive_without_the_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.zeros((2, 1)), labels=[0, 1])
    with pytest.raises(InvalidDataError, match=r"own\.npz holds \['X', 'labels'\] and lacks \['y'\]; write it with"):
        read_npz(tmp_path / "own.npz")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_an_archive_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.zeros((2, 1)), y=np.array([Bomb(), Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidDataError, match=r"own\.npz cannot be read without unpickling"):
        read_npz(tmp_path / "own.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(InvalidDataError, match=r"own\.npz cannot be read without unpickling"):
        read_npz(tmp_path / "own.npz")


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "own.npy", np.zeros(3))
    file = (tmp_path / "own.npy").rename(tmp_path / "own.npz")
    with pytest.raises(InvalidDataError, match=r"own\.npz cannot be read"):
        read_npz(file)
