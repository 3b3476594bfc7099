"""Answers that an experiment got, handed to a check for comparison."""

from collections.abc import Callable
from dataclasses import dataclass

from clusterdns.matrix.answer import Answer
from clusterdns.matrix.answers import Answers
from clusterdns.matrix.tally import Tally


@dataclass(frozen=True)
class Gather:
    """Makes answers comparable for one check: what it compares counts in its tally."""

    tally: Tally
    repeat: Callable[[Answer], str]  # the command that repeats one answer

    def __call__(self, *answers: Answer) -> Answers:
        """These answers as one value."""
        return Answers(answers, self.tally, self.repeat)
