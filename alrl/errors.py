"""The errors and warnings of alrl: each says what was given, what is allowed and what to do."""

OUT_OF_SCOPE = "alrl learns one class a record; regression, several labels a record and sequences are out of its scope"
"""What targets of other kinds are refused with."""


class AlrlError(ValueError):
    """Base of every error that a user can cause and mend.

    To do: read the message; what it says last is what to do.
    """


class InvalidDataError(AlrlError):
    """Features or labels that a loop cannot use.

    To do: read which row, column or value is named; mend the table, drop the column (``drop=``), or give shapes as
    they are asked for.
    """


class InvalidRecipeError(AlrlError):
    """A recipe that cannot be found or parsed, or that asks for what does not exist.

    To do: take the nearest known name or key that the message gives; ``alrl list`` shows what there is.
    """


class CodeRefusedError(InvalidRecipeError):
    """A class named ``package.module:Class`` where no code of others may run."""


class InvalidQueryError(AlrlError):
    """A query that the pool cannot answer: no record left, a bad index, a batch size below one.

    To do: ask for at least one record and no more than are left; give the strategy what it needs (a committee,
    ``members=``).
    """


class PolicyFileError(AlrlError):
    """A policy folder that is incomplete, tampered with or of another version.

    To do: get the original folder again, or train the policy anew; a newer format needs a newer alrl.
    """


class ProjectError(AlrlError):
    """A labelling project that cannot be opened, written, or given what it was given.

    To do: open another folder, wait for the other writer, or mend what was given, as the message says.
    """


class MissingPackageError(AlrlError, ImportError):
    """A package of an extra that is not installed.

    To do: install the extra that the message names: ``pip install "alrl[NAME]"``.
    """


class ContractError(AlrlError, AssertionError):
    """A promise of the contract that an implementation does not keep.

    To do: mend your own class: the message names the promise and the smallest case that breaks it.
    """


class UnfittedLearnerWarning(UserWarning):
    """A learner could not be fitted to so few labels in some rounds: shares of the classes stood for it.

    To do: begin with one label of each class, or with more labels, if those rounds matter.
    """


class BudgetExhaustedWarning(UserWarning):
    """More records were asked for than labels may still be bought: the batch is as large as that.

    To do: raise the budget, or stop.
    """


class PoolExhaustedWarning(UserWarning):
    """More records were asked for than the pool holds: all of them were taken.

    To do: ask for fewer labels, or give more records to the pool.
    """


class ShadowedNameWarning(UserWarning):
    """A recipe of the working directory that goes by the name of one that comes with alrl, and is taken instead.

    To do: rename your file, unless you mean to play it in place of the shipped one.
    """


class GuessedLabelWarning(UserWarning):
    """A label column that was not named: only its place speaks for it.

    To do: name the column: ``label="..."`` in Python, ``--label`` on the command line.
    """


class FooterWarning(UserWarning):
    """A last line of a table that looks like a total or a note, and is taken for a record.

    To do: remove the line from the table, unless it is a record.
    """


class AmbiguousDateWarning(UserWarning):
    """A column of dates such as 03/04/2026, none of which tells whether the day or the month comes first.

    To do: write the dates with their year first, 2026-04-03, unless the order that is taken is right.
    """


class SmallTestPartWarning(UserWarning):
    """A table so small that its scores say little: a test part of a few records, or a class of a single record.

    To do: label more records, or give more of them to the test part; leave out a class of one record.
    """


class ConstantColumnWarning(UserWarning):
    """Named columns that have one value in all records: nothing can be seen in them, and they are left out.

    To do: nothing, unless the column ought to vary: then look at what was read.
    """
