"""What strategies see of records: numbers in which distances mean something, whatever the model itself eats."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.agents.own_data.own_encoder import own_encoder, selected_columns
from alrl.agents.own_data.records import Records, as_pandas, concatenated, read_records, take_columns
from alrl.data.arrays import LARGEST
from alrl.data.tables.pandas_column import holds_inexact, objects_of
from alrl.data.tables.python_values import text_of
from alrl.data.tables.vectorise import as_read
from alrl.errors import InvalidDataError

_MOST_COLUMNS = 256
"""Columns of sparse matrices, texts and images beyond which their principal directions stand for them."""
_DIRECTIONS = 100
_DIGITS = 7
_SEED = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class QueryFeatures:
    """Features of the pool's records, and after them of the labelled ones, (N, D), float64, finite."""

    values: NDArray[np.float64]
    source: str
    """Where they come from, in words."""
    common_scale: bool = False
    """Whether columns keep their sizes beside each other, as principal directions do."""
    names: tuple[str, ...] = ()
    """Names of the columns; empty if they have none."""


def find_features(pool: Records, labelled: Records | None, model: Any, features: Any = None) -> QueryFeatures:
    """Return what strategies see of two sets of records.

    Args:
        pool: records of the pool.
        labelled: labelled records; None where there are none.
        model: whose own encoder may be made use of.
        features: None to find them; a pair of matrices, for the pool and the labelled records; a function or a fitted
            transformer that gives a matrix of each of the two, or an unfitted one; a list of columns of a frame.

    Numbers are taken as they are, a missing one as the mean of its column. Of frames with text, categories, dates or
    gaps they are what the steps of the model's pipeline before the last give, or else skrub's TableVectorizer; of text
    and sparse matrices 100 principal directions (Halko et al. 2011), of text those of TF-IDF; of images the pixels.

    Raises InvalidDataError for records that none of this reads, infinite numbers, numbers whose squares overflow, and
    ``features`` of another number of records.
    """
    if features is not None and not _names_columns(features):
        return _given(pool, labelled, features)
    if features is not None:
        pool, model = take_columns(pool, list(features)), None
        labelled = None if labelled is None else take_columns(labelled, list(features))
    elif (used := selected_columns(model, pool)) is not None:
        # What the model leaves out is no feature: an identifier, say.
        pool, labelled = take_columns(pool, used), None if labelled is None else take_columns(labelled, used)
    parts = [pool] if labelled is None else [pool, labelled]
    seen = _numbers(parts) if not any(_has_gaps(part) for part in parts) else None
    seen = seen or _own(parts, model) or _numbers(parts) or _encoded(parts)
    if seen is None:
        raise InvalidDataError(
            f"{pool.name} holds {_kinds(pool)}, of which alrl makes no features by itself; give features=(matrix of the"
            " pool, matrix of the labelled records), or features=function"
        )
    return seen


def _kinds(pool: Records) -> str:
    kinds = sorted({type(each).__name__ for each in list(pool.value)[:100]})
    return f"records of type {', '.join(kinds[:3])}"


def _names_columns(features: Any) -> bool:
    return isinstance(features, list) and bool(features) and all(isinstance(feature, str | int) for feature in features)


def _given(pool: Records, labelled: Records | None, features: Any) -> QueryFeatures:
    """Return features that were said to be these."""
    parts = [pool] if labelled is None else [pool, labelled]
    if isinstance(features, str):
        raise InvalidDataError(f"features = {features!r} given; give a list of columns, such as [{features!r}]")
    if hasattr(features, "transform") or callable(features):
        matrices = _transformed(features, parts)
    else:
        matrices = list(features) if isinstance(features, tuple) else [features]
        if len(matrices) != len(parts) and not (len(matrices) == 2 and len(parts) == 1):
            raise InvalidDataError(
                "features are those of the pool alone; give a pair: features=(of the pool, of the labelled records)"
            )
    read = []
    for part, matrix in zip(parts, matrices, strict=False):
        records = read_records(matrix, f"features of {part.name}")
        if len(records) != len(part):
            raise InvalidDataError(f"{records.name}: {len(records)} rows given for {len(part)} records")
        refuse_unusable(records)
        read.append(records)
    seen = _numbers(read) or _encoded(read)
    if seen is None:
        raise InvalidDataError(f"{read[0].name} are no matrix of numbers; give (records, features)")
    return QueryFeatures(values=seen.values, source="features as given", common_scale=seen.common_scale)


def _transformed(transformer: Any, parts: list[Records]) -> list[Any]:
    """Return a matrix for each part, by a function or a transformer."""
    if not hasattr(transformer, "transform"):
        return [transformer(part.given) for part in parts]
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        try:
            check_is_fitted(transformer)
        except (NotFittedError, TypeError):
            transformer = clone(transformer).fit(concatenated([part.given for part in parts]))
        return [transformer.transform(part.given) for part in parts]
    except (ValueError, TypeError) as error:
        raise InvalidDataError(
            f"{type(transformer).__name__}, given as features=, cannot read these records ({error}); give a transformer"
            " that can, such as skrub.TableVectorizer(), a list of columns, or a pair of matrices"
        ) from error


def _has_gaps(part: Records) -> bool:
    return part.kind == "matrix" and bool(np.isnan(part.value).any())


def refuse_unusable(part: Records) -> None:
    """Raise InvalidDataError for numbers that are infinite or too large to be squared, in whatever holds numbers."""
    if part.kind not in {"matrix", "array", "sparse"}:
        return
    values = part.value.data if part.kind == "sparse" else part.value
    with np.errstate(invalid="ignore"):
        bad = np.isinf(values)
        what, advice = "infinite", "impute them (such as the column mean) or drop those records"
        if not bad.any():
            bad, what = np.abs(values) > LARGEST, f"larger than {LARGEST:g} (squares overflow)"
            advice = "rescale those columns"
    if bad.any():
        where = ""
        if part.kind == "matrix":
            columns = np.flatnonzero(bad.any(0))
            shown = [str(column if part.columns is None else part.columns[column]) for column in columns[:5]]
            where = f", in {len(columns)} columns ({', '.join(shown)}{', ...' if len(columns) > 5 else ''})"
        raise InvalidDataError(f"{part.name} holds {int(bad.sum())} values that are {what}{where}; {advice}")


def _numbers(parts: list[Records]) -> QueryFeatures | None:
    """Return features of what holds numbers alone; None for anything else."""
    kinds = {part.kind for part in parts}
    if kinds == {"matrix"}:
        names = next((part.columns for part in parts if part.columns is not None), ())
        return QueryFeatures(
            values=_filled(np.concatenate([part.value for part in parts])),
            source="numbers as given",
            names=tuple(str(name) for name in names),
        )
    if kinds <= {"matrix", "sparse"}:
        from scipy import sparse

        rows = sparse.vstack([part.value for part in parts], format="csr")
        rows.data[np.isnan(rows.data)] = 0.0
        return _narrowed(rows, "the sparse matrix")
    if kinds == {"array"}:
        rows = np.concatenate([part.value.reshape(len(part), -1) for part in parts])
        return _narrowed(_filled(rows), "all values of a record")
    return None


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values, the mean of its column where one is missing; a column without any value is constant."""
    missing = np.isnan(values)
    if not missing.any():
        return values
    known = np.where(missing, 0.0, values)
    mean = known.sum(0) / np.maximum(1, (~missing).sum(0))
    return np.where(missing, mean, values)


def _narrowed(rows: Any, source: str) -> QueryFeatures:
    """Return the rows (N, D) as they are where they are few columns, else in their principal directions."""
    if rows.shape[1] <= _MOST_COLUMNS:
        values = rows.toarray() if hasattr(rows, "toarray") else rows
        return QueryFeatures(values=np.asarray(values, np.float64), source=source)
    from sklearn.decomposition import TruncatedSVD

    # A unit near the largest value rounds nothing, and no square vanishes.
    values = rows.data if hasattr(rows, "tocsr") else rows
    rows = rows * np.ldexp(1.0, -np.frexp(np.abs(values).max(initial=0.0))[1])
    count = max(1, min(_DIRECTIONS, rows.shape[0] - 1, rows.shape[1] - 1))
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        # Of the explained variance, which a pool of equal records has none of.
        warnings.simplefilter("ignore", RuntimeWarning)
        values = TruncatedSVD(count, random_state=_SEED).fit_transform(rows)
    # Equal records stay equal, however a matrix product rounds them by their place.
    size = max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    values = np.round(values / size, _DIGITS) * size
    return QueryFeatures(values=values, source=f"{count} principal directions of {source}", common_scale=True)


def _own(parts: list[Records], model: Any) -> QueryFeatures | None:
    """Return what the steps of the model's own pipeline before the last make of the records.

    None where there are none.
    """
    encode = own_encoder(model)
    if encode is None:
        return None
    try:
        matrices = [read_records(encode(part.given), part.name) for part in parts]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    usable = all(
        matrix.kind in {"matrix", "sparse"} and len(matrix) == len(part)
        for matrix, part in zip(matrices, parts, strict=True)
    )
    if not usable or len({matrix.width for matrix in matrices}) > 1:
        return None
    for matrix in matrices:
        refuse_unusable(matrix)
    seen = _numbers(matrices)
    if seen is None or seen.common_scale:
        return seen
    return QueryFeatures(values=seen.values, source="the model's own encoder")


def _encoded(parts: list[Records]) -> QueryFeatures | None:
    """Return frames by skrub, text by its words; None for what is neither."""
    kinds = {part.kind for part in parts}
    if kinds == {"text"}:
        return _words([text for part in parts for text in part.value])
    if kinds <= {"frame", "matrix"} and "frame" in kinds:
        return _table(parts)
    return None


def _words(texts: list[str]) -> QueryFeatures:
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        rows = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    except ValueError:
        # Nothing but stop words and marks: letters are left.
        rows = TfidfVectorizer(analyzer="char", sublinear_tf=True).fit_transform([text or " " for text in texts])
    return _narrowed(rows, "TF-IDF")


def _table(parts: list[Records]) -> QueryFeatures:
    """Return a table of several kinds of columns, as skrub encodes it."""
    import pandas as pd

    from alrl.data.tables.skrub_encoders import encoded_frame, table_vectoriser

    columns = next((part.columns for part in parts if part.columns is not None), None)
    tables = [as_pandas(part) for part in parts]
    for table, part in zip(tables, parts, strict=True):
        if columns is not None and part.columns is None:
            table.columns = columns
    whole = pd.concat(_with_words(tables), ignore_index=True)
    whole.columns = [str(column) for column in whole.columns]
    numeric = [_is_number(whole.iloc[:, place]) for place in range(whole.shape[1])]
    # Numbers stay as exact as they are, in whatever unit: what encodes them has single precision.
    numbers = whole.loc[:, numeric].to_numpy(dtype=np.float64, na_value=np.nan)
    values, rest = numbers, whole.loc[:, [not number for number in numeric]]
    if rest.shape[1]:
        with warnings.catch_warnings():
            # What it warns of is how it reads a column; the features are there either way.
            warnings.simplefilter("ignore")
            readable = as_read(rest)
            encoded = encoded_frame(table_vectoriser().fit(readable), readable)
        words = np.round(encoded.to_numpy(), _DIGITS)
        values = np.concatenate([numbers, words], 1)
    values = values if values.shape[1] else np.zeros((len(whole), 1))
    return QueryFeatures(values=_filled(values), source="skrub's TableVectorizer")


def _with_words(tables: list[Any]) -> list[Any]:
    """Return frames in which columns with integers that no float holds are text, in all where they are in one."""
    words = {name for table in tables for name in table.columns if holds_inexact(table[name])}
    result = []
    for table in tables:
        copy = table.copy(deep=False)
        for name in words & set(copy.columns):
            copy[name] = np.array(list(map(text_of, objects_of(copy[name]))), dtype=object)
        result.append(copy)
    return result


def _is_number(column: Any) -> bool:
    from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

    return is_numeric_dtype(column) and not is_bool_dtype(column) and not is_complex_dtype(column)
