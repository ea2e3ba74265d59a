"""spark-submit jobs/estimate_value.py --config FILE: purchases -> what each customer is worth."""

import sys

from cxspark.steps.graph import main

if __name__ == "__main__":
    sys.exit(main("estimate_value"))
