"""spark-submit jobs/evaluate_recommenders.py --config FILE: recommenders side by side, judged."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("evaluate_recommenders"))
