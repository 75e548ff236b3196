"""BOHB over 1, 4 and 12 epochs, as in the benchmark's paper: a number of iterations, whatever they cost."""

from baseline import parser_of, run_baseline

from nhb2_plugins.fidelity import FidelityLadder

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/bohb")
    parser.add_argument("--n_iters", type=int, default=40, help="iterations; 0 to stop at --time_budget instead")
    parser.add_argument("--num_samples", type=int, default=4, help="candidates of one proposal")
    parser.add_argument("--random_fraction", type=float, default=0.0, help="share of random proposals")
    parser.add_argument("--bandwidth_factor", type=float, default=3, help="widening of the kernels for candidates")
    parser.add_argument("--min_bandwidth", type=float, default=0.3, help="lower bound of the kernels' bandwidths")
    options = parser.parse_args()
    names = ("num_samples", "random_fraction", "bandwidth_factor", "min_bandwidth")
    settings = {name: getattr(options, name) for name in names} | {"n_iterations": options.n_iters or None}
    ladder = FidelityLadder.hyperband(1, 12, eta=3)
    run_baseline(options, "bohb", ladder=ladder, settings=settings, unlimited=options.n_iters > 0)
