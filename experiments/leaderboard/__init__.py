"""The first board: every rule of the library that answers in time, `general` and random sampling on alrl/suite-v1."""
