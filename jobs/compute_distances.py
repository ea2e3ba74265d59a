"""spark-submit jobs/compute_distances.py --config FILE: features -> distances between customers."""

from cxspark.steps.graph import main

if __name__ == "__main__":
    main("compute_distances")
