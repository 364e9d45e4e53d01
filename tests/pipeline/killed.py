"""A run in a process of its own, for tests that kill it. Says each stage as it begins."""

import sys

import workbench as wb
from workbench.data.synthetic import synthetic
from workbench.pipeline import job


class Loud(job.Stages):
    def __call__(self, name):
        print(name, flush=True)
        return super().__call__(name)


job.Stages = Loud
engine = wb.Engine(retrievers={"popularity": ["popularity", {}]}, n_trees=3)
wb.run(
    synthetic(n_users=60, n_items=60, n_events=900, seed=1),
    home=sys.argv[1],
    models=["popularity"],
    engine=engine,
    progress=False,
)
print("done", flush=True)
