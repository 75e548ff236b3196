"""Parts of the space that every framework is held to."""

from nhb2_plugins.subspace import Subspace

PARTS = {
    "lr": Subspace(lr=0.1),
    "cell": Subspace(cellcode="0|10|210"),
    "hyperparameters": Subspace(lr=0.025, batch_size=64),
    "classes": Subspace(one_per_class=True),
    "classes-at-lr": Subspace(one_per_class=True, lr=0.1),
}
