"""The errors and warnings of alrl: each says what was given, what is allowed and what to do."""

OUT_OF_SCOPE = "alrl learns one class a record; regression, several labels a record and sequences are out of its scope"
"""What targets of other kinds are refused with."""


class AlrlError(ValueError):
    """Base of every error that a user can cause and mend."""


class InvalidDataError(AlrlError):
    """Features or labels that a loop cannot use."""


class InvalidRecipeError(AlrlError):
    """A recipe that cannot be found or parsed, or that asks for what does not exist."""


class CodeRefusedError(InvalidRecipeError):
    """A class named ``package.module:Class`` where no code of others may run."""


class InvalidQueryError(AlrlError):
    """A query that the pool cannot answer: no record left, a bad index, a batch size below one."""


class PolicyFileError(AlrlError):
    """A policy folder that is incomplete, tampered with or of another version."""


class ProjectError(AlrlError):
    """A labelling project that cannot be opened, written, or given what it was given."""


class MissingPackageError(AlrlError, ImportError):
    """A package of an extra that is not installed."""


class ContractError(AlrlError, AssertionError):
    """A promise of the contract that an implementation does not keep."""


class UnfittedLearnerWarning(UserWarning):
    """A learner could not be fitted to so few labels in some rounds: shares of the classes stood for it."""


class BudgetExhaustedWarning(UserWarning):
    """More records were asked for than labels may still be bought: the batch is as large as that."""


class PoolExhaustedWarning(UserWarning):
    """More records were asked for than the pool holds: all of them were taken."""


class ShadowedNameWarning(UserWarning):
    """A recipe of the working directory that goes by the name of one that comes with alrl, and is taken instead."""


class GuessedLabelWarning(UserWarning):
    """A label column that was not named: only its place speaks for it."""


class ConstantColumnWarning(UserWarning):
    """Named columns that have one value in all records: nothing can be seen in them, and they are left out."""
