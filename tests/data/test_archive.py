"""NumPy archives: arrays X and y, and nothing that a stranger may have put there beside them."""

from __future__ import annotations

import io
import time
import zipfile

import numpy as np
import pytest

from alrl.data.data_set import DataSet
from alrl.errors import InvalidDataError


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def header(shape, dtype="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def archive(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def array(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


X, Y = array(np.eye(4)), array(np.array([0, 1, 0, 1]))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_gives_its_arrays(tmp_path, save):
    matrix = np.asfortranarray([[1, 2], [3, 4], [5, 6]])
    save(tmp_path / "own.npz", X=matrix, y=np.array(["b", "a", "b"]))
    data = DataSet.read(tmp_path / "own.npz")
    assert (data.name, data.X.tolist(), data.class_names) == ("own", matrix.tolist(), ("a", "b"))
    assert data.y.tolist() == [1, 0, 1]


def test_a_shape_that_is_not_there_is_refused_before_memory_is_asked_for(tmp_path):
    file = archive(tmp_path / "own.npz", X=header((10**12, 2)), y=Y)
    with pytest.raises(InvalidDataError, match=r"X\.npy has shape \(1000000000000, 2\), more than .* \(4 GiB\)"):
        DataSet.read(file)
    file = archive(tmp_path / "own.npz", X=header((10**6, 2)) + bytes(64), y=Y)
    with pytest.raises(
        InvalidDataError, match=r"X\.npy tells of shape \(1000000, 2\) and holds 64 bytes, not 16000000"
    ):
        DataSet.read(file)


def test_other_members_are_not_looked_at(tmp_path):
    path = archive(tmp_path / "own.npz", X=X, y=Y)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file,
        file.open("beside.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(bytes(1 << 20))
    began = time.process_time()
    assert DataSet.read(path).n_records == 4
    assert time.process_time() - began < 0.5


def test_an_archive_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.zeros((2, 1)), y=np.array([Bomb(), Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidDataError, match=r"own\.npz cannot be read without unpickling .*holds objects"):
        DataSet.read(tmp_path / "own.npz")


def test_an_archive_without_the_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.zeros((2, 1)), labels=[0, 1])
    with pytest.raises(InvalidDataError, match=r"own\.npz holds \['X', 'labels'\] and lacks \['y'\]; write it with"):
        DataSet.read(tmp_path / "own.npz")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 broken", array(np.zeros(3))])
def test_what_is_no_archive_is_refused(own, content):
    with pytest.raises(InvalidDataError, match=r"own\.npz cannot be read without unpickling"):
        DataSet.read(own(content, "own.npz"))


@pytest.mark.parametrize(
    "member", [b"", b"\x93NUMPY\x09\x00", b"\x93NUMPY\x01\x00\xff\xff{", header((4, 4))[:-30], X[:-3]]
)
def test_damaged_members_are_refused(tmp_path, member):
    with pytest.raises(InvalidDataError, match=r"own\.npz"):
        DataSet.read(archive(tmp_path / "own.npz", X=member, y=Y))


@pytest.mark.parametrize(("key", "value"), [("label", "y"), ("drop", ["a"]), ("features", ["a"])])
def test_an_archive_has_no_columns_to_name(tmp_path, key, value):
    path = archive(tmp_path / "own.npz", X=X, y=Y)
    with pytest.raises(InvalidDataError, match=rf"{key} names a column, and own\.npz has arrays X and y; leave it out"):
        DataSet.read(path, **{key: value})


def test_a_column_of_labels_is_taken_as_labels(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.eye(4), y=np.array([[0], [1], [0], [1]]))
    assert DataSet.read(tmp_path / "own.npz").y.tolist() == [0, 1, 0, 1]


def test_a_missing_class_in_an_archive_is_not_told_to_read_the_archive(tmp_path):
    np.savez(tmp_path / "own.npz", X=np.eye(3), y=np.array([0.0, 1.0, np.nan]))
    with pytest.raises(InvalidDataError, match=r"label them, or read .* as a table \(a frame, a CSV"):
        DataSet.read(tmp_path / "own.npz")
