"""BOHB over 1, 4 and 12 epochs, as in the benchmark's paper: a number of iterations, whatever they cost."""

from baseline import add_bohb_options, bohb_settings, parser_of, run_baseline

from nhb2_plugins.fidelity import FidelityLadder

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/bohb")
    parser.add_argument("--n_iters", type=int, default=40, help="iterations; 0 to stop at --time_budget instead")
    add_bohb_options(parser, num_samples=4)
    options = parser.parse_args()
    settings = bohb_settings(options) | {"n_iterations": options.n_iters or None}
    ladder = FidelityLadder.hyperband(1, 12, eta=3)
    run_baseline(options, "bohb", ladder=ladder, settings=settings, unlimited=options.n_iters > 0)
