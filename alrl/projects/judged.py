"""What can be judged of a project: its curve, verdict and bill, whether to go on, and what to look at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alrl.errors import InvalidRecipeError
from alrl.projects.journal import Journal
from alrl.projects.judgement.bill import Bill, bill
from alrl.projects.judgement.curve import Point, curve
from alrl.projects.judgement.start import StartCheck, check_start
from alrl.projects.judgement.stopping import Advice, StopRule, usual_rule
from alrl.projects.judgement.verdict import Verdict, verdict

if TYPE_CHECKING:
    from alrl.projects.outlook import Outlook
    from alrl.projects.review import Suspect


class Judged(Journal):
    """The journal of a project, with judgements on it; nothing here changes labels."""

    def suspects(self, count: int = 20) -> list[Suspect]:
        """Return the labels that most likely are wrong: see :func:`alrl.projects.review.suspects`."""
        from alrl.projects.review import suspects

        return suspects(self, count)

    def bias(self) -> list[dict[str, Any]]:
        """Return how the labelled sample differs from the pool: see :func:`alrl.projects.review.bias`."""
        from alrl.projects.review import bias

        return bias(self)

    def outlook(self) -> Outlook:
        """Return what to expect before a label is bought: see :func:`alrl.projects.outlook.outlook`."""
        from alrl.projects.outlook import outlook

        return outlook(self)

    def start(self) -> StartCheck:
        """Return whether the project has begun badly: see :func:`alrl.projects.judgement.start.check_start`."""
        return check_start(self.state)

    def curve(self) -> list[Point]:
        """Return the learning curve, a point for each round."""
        return curve(self.state)

    def verdict(self) -> Verdict:
        """Return the kind of the learning curve, with the evidence."""
        return verdict(self.state)

    def bill(self) -> Bill:
        """Return what the project has cost so far."""
        return bill(self.state)

    def advice(self, rule: StopRule | None = None) -> Advice:
        """Return whether to stop, by a rule or the usual one, and write it to the log."""
        rule = usual_rule() if rule is None else rule
        if not isinstance(rule, StopRule):
            raise InvalidRecipeError(
                f"{rule!r} given as a rule; give an object such as Budget(), of alrl.projects.judgement.stopping"
            )
        given = rule.advise(self.state)
        with self.writing() as (transaction, state):
            state.apply(transaction.append("advice given", {"stop": given.stop, "reason": given.reason}))
        return given
