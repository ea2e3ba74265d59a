"""spark-submit jobs/build_interactions.py --config FILE: events -> features per user and item."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("build_interactions")
