"""BOHB over learning rate and batch size on one random cell, then evolution of the cell, as in the paper."""

from baseline import parser_of, run_baseline

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/bohb_then_rea")
    parser.add_argument("--n_iters", type=int, default=4, help="BOHB's iterations")
    parser.add_argument("--num_samples", type=int, default=5, help="candidates of one proposal")
    parser.add_argument("--random_fraction", type=float, default=0.0, help="share of random proposals")
    parser.add_argument("--bandwidth_factor", type=float, default=3, help="widening of the kernels for candidates")
    parser.add_argument("--min_bandwidth", type=float, default=0.3, help="lower bound of the kernels' bandwidths")
    parser.add_argument("--population_size", type=int, default=10, help="size of the population")
    parser.add_argument("--sample_size", type=int, default=3, help="contestants of a tournament")
    options = parser.parse_args()
    names = ("num_samples", "random_fraction", "bandwidth_factor", "min_bandwidth", "population_size")
    settings = {name: getattr(options, name) for name in names}
    settings |= {"n_iterations": options.n_iters, "tournament_size": options.sample_size}
    run_baseline(options, "bohb_then_rea", settings=settings)
