"""Several jobs in one application, as spark-submit starts it; the last argument names them."""

import sys

from cxspark.runtime.submit import run_command
from cxspark.steps.graph import STEPS

if __name__ == "__main__":
    *arguments, names = sys.argv[1:]
    steps = [STEPS[name] for name in names.split(",")]
    sys.exit(run_command(steps, arguments, known=STEPS))
