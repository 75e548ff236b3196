"""The page of a campaign: one HTML file that needs no network, shows every figure without scripts, and adds to them."""
