"""spark-submit jobs/recommend_als.py --config FILE: factors -> recommendations, reasons."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("recommend_als"))
