"""What is done to a slate after ranking. Slate → Slate, each step recorded.

The steps, in their order; one that is left at its neutral value is not there:

1. ``exclude``: never shown.
2. ``boost``: added to the score.
3. ``popularity_penalty``, 4. ``diversity``, 5. ``calibration``: the first places are ranked anew;
   each weighs the order that the one before left.
6. ``pin``: on top, whatever the steps before and after say.
7. ``cap``, 8. ``floor``, 9. ``min_new``: places are filled one by one under all rules so far.
10. ``explore``: chance takes the place of the best, within the rules.

Where rules meet, the earlier of these has its way: exclude > pin > cap > floor and min_new (which
share places) > explore. What a rule could not get is in its record.
"""

from workbench.ranking.policy.policy import Policy

__all__ = ["Policy"]
