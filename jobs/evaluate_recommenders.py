"""spark-submit jobs/evaluate_recommenders.py --config FILE: recommenders side by side, judged."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("evaluate_recommenders")
