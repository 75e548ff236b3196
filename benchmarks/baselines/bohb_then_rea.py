"""BOHB over learning rate and batch size on one random cell, then evolution of the cell, as in the paper."""

from baseline import (
    add_bohb_options,
    add_evolution_options,
    bohb_settings,
    evolution_settings,
    parser_of,
    run_baseline,
)

if __name__ == "__main__":
    parser = parser_of(__doc__, save_dir="logs/bohb_then_rea")
    parser.add_argument("--n_iters", type=int, default=4, help="BOHB's iterations")
    add_bohb_options(parser, num_samples=5)
    add_evolution_options(parser)
    options = parser.parse_args()
    settings = bohb_settings(options) | evolution_settings(options) | {"n_iterations": options.n_iters}
    run_baseline(options, "bohb_then_rea", settings=settings)
