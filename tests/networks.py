"""Settings of networks that several tests share."""

# The paper's Attention Module, and nothing regularized.
PLAIN = {"learning": "arl", "attention": "mixed", "mask": "hourglass", "classes": 10, "dropout": 0.0, "l2": 0.0}
