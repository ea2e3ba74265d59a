"""spark-submit jobs/recommend_blend.py --config FILE: lists by the chosen blend."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("recommend_blend"))
