"""Distances of many points to a few centres, in numpy: points are rows of a matrix."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[np.intp]

# What `tally` has of each cluster, before the sums of its points' coordinates.
N, DISTANCE, SQUARES, FIRST_SUM = range(4)


def squared_distances(points: Matrix, centres: Matrix) -> Matrix:
    """Squared Euclidean distance of each point to each centre, by |p|^2 - 2 p.c + |c|^2.

    All is moved so that the centres' mean is the origin: far from it the squares would drown what
    they differ by.

    Example:
        >>> squared_distances(np.array([[3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 3.0]]))
        array([[25.,  1.]])
    """
    origin = centres.mean(axis=0)
    p, c = points - origin, centres - origin
    squares = np.einsum("ij,ij->i", p, p)[:, None] - 2 * p @ c.T + np.einsum("ij,ij->i", c, c)
    return np.asarray(np.maximum(squares, 0.0))


def nearest(points: Matrix, centres: Matrix) -> tuple[Labels, Matrix]:
    """Which centre each point is nearest to, the first of equals, and its squared distance."""
    labels = squared_distances(points, centres).argmin(axis=1)
    away = points - centres[labels]
    return labels, np.einsum("ij,ij->i", away, away)


def tally(points: Matrix, centres: Matrix) -> Matrix:
    """What the quality of a clustering is made of, summed over points.

    Returns:
        Cluster x (number of points, sum of distances to the centre, sum of their squares, sums of
        the coordinates).
    """
    labels, squares = nearest(points, centres)
    told = np.column_stack([np.ones_like(squares), np.sqrt(squares), squares, points])
    is_in = np.eye(len(centres))[labels]
    return np.asarray(is_in.T @ told)


def sum_silhouettes(points: Matrix, centres: Matrix, tallied: Matrix) -> float:
    """The sum over points of the silhouette, of squared Euclidean distances.

    The mean squared distance of a point to a cluster's points is that to their mean, and their
    variance about it: no pair of points is looked at. s = (b - a) / max(a, b), with a the mean
    over her own cluster without herself, b the least over the others (Rousseeuw 1987, J. Comput.
    Appl. Math. 20); 0 of a point alone in its cluster, and where a = b = 0.

    Args:
        points: some of the points.
        centres: at least two, each nearest to some point.
        tallied: `tally` of all points.
    """
    sizes = tallied[:, N]
    means = tallied[:, FIRST_SUM:] / sizes[:, None]
    shifts = means - centres
    spreads = np.maximum(tallied[:, SQUARES] / sizes - np.einsum("ij,ij->i", shifts, shifts), 0.0)
    labels, _ = nearest(points, centres)
    mean_squares = squared_distances(points, means) + spreads
    rows = np.arange(len(points))
    others = np.maximum(sizes[labels] - 1, 1)
    a = mean_squares[rows, labels] * sizes[labels] / others
    mean_squares[rows, labels] = np.inf
    b = mean_squares.min(axis=1)
    greatest = np.maximum(a, b)
    is_told = (sizes[labels] > 1) & (greatest > 0)
    return float(np.divide(b - a, greatest, out=np.zeros_like(a), where=is_told).sum())


def davies_bouldin(centres: Matrix, tallied: Matrix) -> float:
    """How near clusters are for their width: less is better.

    The mean over clusters of the greatest (S_i + S_j) / |c_i - c_j|, with S the mean distance of a
    cluster's points to its centre (Davies and Bouldin 1979, IEEE PAMI 1).

    Args:
        centres: at least two, all different.
        tallied: `tally` of all points.
    """
    widths = tallied[:, DISTANCE] / tallied[:, N]
    apart = np.sqrt(squared_distances(centres, centres))
    np.fill_diagonal(apart, np.inf)
    return float(((widths[:, None] + widths) / apart).max(axis=1).mean())
