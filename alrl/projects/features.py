"""Records as numbers: what strategies see of a table, and what built-in learners are fitted to."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alrl.data.standardisation import Standardisation
from alrl.data.tables.vectorise import as_read
from alrl.errors import InvalidDataError, MissingPackageError


def encoded(frame: pd.DataFrame) -> tuple[NDArray[np.float64], bool]:
    """Return the records as finite numbers, (records, features), and whether they are the table's own.

    A table of finite numbers is taken as it is. In others text, categories and times are encoded by skrub's
    ``TableVectorizer``, fitted to all records and no label, and missing values become the column's mean.

    Raises InvalidDataError if there is no column or a value is infinite, MissingPackageError without skrub.

    >>> encoded(pd.DataFrame({"age": [31.0, None, 41.0], "town": ["Ulm", "Bonn", "Ulm"]}))[0].round(2).tolist()
    [[31.0, 1.0], [36.0, 0.0], [41.0, 1.0]]
    """
    if frame.shape[1] == 0:
        raise InvalidDataError("the records have no column beside identifier and label; add what describes them")
    if all(pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes):
        # Row by row, as a data set is stored: sums in another order would differ in their last bits.
        numbers = np.ascontiguousarray(frame.to_numpy(np.float64))
        if np.isfinite(numbers).all():
            return numbers, True
    for name in frame.select_dtypes("number"):
        if (frame[name].abs() > np.finfo(np.float32).max).any():
            raise InvalidDataError(f"column {str(name)!r} holds infinite values, or nearly so; mend or drop them")
    return _filled(_vectorised(frame)), False


def _vectorised(frame: pd.DataFrame) -> NDArray[np.float64]:
    try:
        from alrl.data.tables.skrub_encoders import encoded_frame, table_vectoriser
    except ImportError:
        raise MissingPackageError("tables with text, times or missing values need skrub: pip install skrub") from None
    readable = as_read(frame)
    vectoriser = table_vectoriser().fit(readable)
    made = encoded_frame(vectoriser, readable)
    # Numbers stay as exact as they are: what encodes them has single precision.
    for name in frame.select_dtypes("number"):
        for output in vectoriser.input_to_outputs_.get(name, ()):
            made[output] = frame[name].to_numpy(np.float64, na_value=np.nan)
    return np.asarray(made)


def _filled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(numbers)
    mean = np.where(known, numbers, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(known, numbers, mean)


def standardised(X: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the records centred and scaled, float32, as those of a simulated pool are.

    >>> standardised(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    return Standardisation.of_table(X).apply(X)
